"""`caffetools deploy`: the net to deploy, made from a net to train."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import click

from caffetools.cli.console import report_notes
from caffetools.cli.options import (
    data_options,
    force_option,
    output_option,
    plugin_option,
    shape_options,
)
from caffetools.editing.deploy import deployed
from caffetools.errors import CaffeToolsError
from caffetools.layers.base import Options
from caffetools.net.graph import State
from caffetools.net.loading import infer_net
from caffetools.net.net import Net
from caffetools.net.reading import LoadedNet, read_net
from caffetools.proto.comments import with_comments
from caffetools.torch.export.preprocess import data_layer, data_steps
from caffetools.writing import write_files


@click.command("deploy")
@click.argument("net", metavar="TRAIN_VAL")
@data_options
@output_option("DEPLOY", "Prototxt to write, or - for standard output.")
@click.option(
    "--preprocess", metavar="FILE.json", help="Write what the data layers do to an image."
)
@force_option
@plugin_option
def command(net: str, output: str, preprocess: str | None, force: bool, **options: Any) -> None:
    """Make the net to deploy from a net to train.

    Data layers become Input layers (of a batch of 1, without --batch-size), accuracies are removed,
    and losses become the Softmax or Sigmoid that they contain. Multipliers and fillers are removed,
    too; comments are kept.

    TRAIN_VAL is any file that `shapes` reads; its net of the phase test is taken, or that of the
    phase train if Caffe refuses the former.
    """
    found = _loaded(net, **options)
    made = deployed(found)
    text = with_comments(made.inferred.graph.message).encode()
    report_notes((*found.notes, *made.notes))
    files = {} if output == "-" else {output: text}
    if preprocess is not None:
        files[preprocess] = (json.dumps(_preprocessing(found), indent=2) + "\n").encode()
    write_files(files, force, inputs=[net])
    if output == "-":
        click.echo(text, nl=False)


def _preprocessing(net: Net) -> dict[str, Any]:
    """Return what the data layer with images does to them in a test, as plain data."""
    layer, found = data_layer(net), data_steps(net)
    if layer is None or found is None:
        return {}
    report_notes(found.notes)
    image = found.mean_image
    return {
        "input": net.blob(layer.node.tops[0]),
        "shape": found.shape,
        "channels": "gray" if found.gray else "BGR",
        "resize": found.resize,
        "crop_size": layer.node.message.message("transform_param").integer("crop_size"),
        "mean": found.mean if image is None else image.mean((1, 2)).tolist(),
        "scale": found.scale,
    }


def _loaded(path: str, batch_size: int | None, **options: Any) -> Net:
    """Return the net in the first state that Caffe sets up, with a batch of 1 if it allows that."""
    loaded = read_net(path, "TEST")
    shapes = shape_options(path, batch_size=batch_size, **options)
    sizes = (batch_size,) if batch_size else (1, None)
    states = (loaded.state, loaded.state._replace(phase="TRAIN"))
    found = [
        _attempt(loaded, state, replace(shapes, batch_size=size))
        for state in states
        for size in sizes
    ]
    for net in found:
        if isinstance(net, Net):
            return net
    assert isinstance(found[0], CaffeToolsError)
    raise found[0]


def _attempt(loaded: LoadedNet, state: State, options: Options) -> Net | CaffeToolsError:
    """Return the net in a state, or why Caffe refuses it."""
    try:
        return infer_net(loaded.message, state, options, loaded.notes)
    except CaffeToolsError as error:
        return error
