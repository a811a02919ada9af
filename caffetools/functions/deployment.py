"""`deploy`: the net to deploy, made from a net to train."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from caffetools.editing.deploy import deployed
from caffetools.errors import CaffeToolsError, Note
from caffetools.functions.nets import Path, input_paths
from caffetools.layers.base import Options
from caffetools.net.loading import infer_net
from caffetools.net.net import Net
from caffetools.net.reading import read_net
from caffetools.proto.comments import with_comments
from caffetools.torch.export.preprocess import data_layer, data_steps
from caffetools.writing import write_files


def deploy(
    net: Path, path: Path, preprocess: Path | None = None, *, force: bool = False, **options: Any
) -> list[Note]:
    """Write the net to deploy that belongs to a net to train.

    Data layers become Input layers, accuracies go, losses become the Softmax or Sigmoid that they
    contain, multipliers and fillers go; comments are kept.

    Parameters
    ----------
    net : path
        Any file that `caffetools.load` reads. Its net of the phase test is taken, or that of the
        phase train if Caffe refuses the former.
    path : path
        Prototxt to write.
    preprocess : path, optional
        JSON file to write: what the data layer does to an image.
    force : bool
        Overwrite existing files.
    **options
        `input_shapes`, `data_shape` and `batch_size` of `caffetools.load`; the batch size is 1 by
        default, if the net allows that.

    Returns
    -------
    list of Note
        What was assumed and chosen.

    Raises
    ------
    CaffeToolsError
        For a net without predictions, an input of unknown shape, and existing files.

    Examples
    --------
    >>> import caffetools, os, tempfile
    >>> train = "examples/lenet/train_test.prototxt"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     notes = caffetools.deploy(train, f"{folder}/net.prototxt", data_shape=(1, 28, 28))
    ...     caffetools.load(f"{folder}/net.prototxt")["data"].tops
    ((1, 1, 28, 28),)
    """
    files, notes = deployment(net, path, preprocess, **options)
    write_deployment(net, files, force=force)
    return notes


def write_deployment(net: Path, files: Mapping[str, str], *, force: bool) -> None:
    """Write the files of `deployment`."""
    data = {name: text.encode() for name, text in files.items()}
    write_files(data, force, inputs=input_paths(net))


def deployment(
    net: Path, path: Path, preprocess: Path | None, **options: Any
) -> tuple[dict[str, str], list[Note]]:
    """Return the text of each file that `deploy` writes, and the notes."""
    found = _loaded(net, **options)
    made = deployed(found)
    files = {os.fspath(path): with_comments(made.inferred.graph.message)}
    notes = [*found.notes, *made.notes]
    if preprocess is not None:
        steps, more = _preprocessing(found)
        files[os.fspath(preprocess)] = json.dumps(steps, indent=2) + "\n"
        notes += more
    return files, notes


def _preprocessing(net: Net) -> tuple[dict[str, Any], Sequence[Note]]:
    """Return what the data layer with images does to them in a test, as plain data."""
    layer, found = data_layer(net), data_steps(net)
    if layer is None or found is None:
        return {}, ()
    image = found.mean_image
    return {
        "input": net.blob(layer.node.tops[0]),
        "shape": found.shape,
        "channels": "gray" if found.gray else "BGR",
        "resize": found.resize,
        "crop_size": layer.node.message.message("transform_param").integer("crop_size"),
        "mean": found.mean if image is None else image.mean((1, 2)).tolist(),
        "scale": found.scale,
    }, found.notes


def _loaded(
    path: Path, input_shapes: Any = (), data_shape: Any = None, batch_size: int | None = None
) -> Net:
    """Return the net in the first state that Caffe sets up, with a batch of 1 if it allows that."""
    read = read_net(path, "TEST")
    folder = os.path.dirname(read.message.source.name) or "."
    refused: list[CaffeToolsError] = []
    for state in (read.state, read.state._replace(phase="TRAIN")):
        for size in (batch_size,) if batch_size else (1, None):
            options = Options(dict(input_shapes), data_shape, size, folder)
            try:
                return infer_net(read.message, state, options, read.notes)
            except CaffeToolsError as error:
                refused.append(error)
    raise refused[0]
