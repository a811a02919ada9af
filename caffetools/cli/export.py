"""`caffetools export`: export a net as a PyTorch module."""

from __future__ import annotations

from typing import Any

import click

from caffetools.cli.console import report_notes, working
from caffetools.cli.options import (
    choice,
    flag,
    force_option,
    net_options,
    output_option,
    preprocess_options,
    repeatable,
)
from caffetools.functions.modules import (
    check_export,
    exported,
    is_alone,
    paths_read,
    write_export,
)
from caffetools.torch.export.export import ExportOptions

_PREPROCESS = ("preprocess", "preprocess_from", "preprocess_in_graph")


@click.command("export")
@click.argument("net", metavar="NET")
@net_options
@choice(
    "Format; onnx is for inference and implies --phase test.",
    "--to",
    "target",
    of=("torch", "onnx"),
)
@click.option(
    "--weights",
    metavar="FILE",
    help="Weights to export: a .caffemodel of any version, or a .caffemodel.h5.",
)
@repeatable(
    "Blobs to return, with the layers that they need (default: what no layer reads).",
    "--outputs",
    metavar="BLOB,…",
)
@output_option(
    "DIR|FILE|-", "Output folder, file for the model alone, or - for standard output.", default="-"
)
@click.option("--solver", metavar="FILE", help="Solver: the folder gets a train.py, too.")
@flag("--standalone", help="Copy the parts of caffetools that train.py imports into the folder.")
@click.option("--labels", metavar="FILE", help="Class names to export, one a line.")
@flag(
    "--fold-bn",
    "fold",
    help="Fold BatchNorm and Scale into the preceding layers; needs --weights, implies test.",
)
@click.option(
    "--dynamic",
    type=click.Choice(("batch", "size")),
    multiple=True,
    help="ONNX for any batch size, or any height and width; repeatable.",
)
@preprocess_options
@flag(
    "--preprocess-in-graph",
    help="ONNX whose input is an RGB image, 0 to 255, resized; crop, mean and scale are inside.",
)
@flag("--allow-missing", help="Export placeholders for unknown layer types.")
@flag("--flat", help="Write one line for each layer: no blocks, BatchNorm and Scale apart.")
@force_option
def command(net: str, output: str, **options: Any) -> None:
    """Export a net as a PyTorch module, or to ONNX.

    The module computes what Caffe computes.

    NET is a net's prototxt of any version, a solver's (the net that it names), a .caffemodel, a log
    that echoes its net, or - for standard input. A folder gets model.py and, with --weights,
    weights.safetensors: model.build() builds the module. One module serves both phases where they
    differ by data, losses and accuracy only; else it serves that of --phase.
    """
    solver, target, force, standalone = (
        options.pop(name) for name in ("solver", "target", "force", "standalone")
    )
    names = ("weights", "labels", "fold", "allow_missing", "flat", "dynamic", *_PREPROCESS)
    wishes = ExportOptions(
        **{name: options.pop(name) for name in names},
        outputs=tuple(name for each in options.pop("outputs") for name in each.split(",")),
        alone=is_alone(output),
        trains=solver is not None,
    )
    try:
        check_export(wishes, target, output, solver, standalone)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if wishes.fold or target == "onnx":
        options["phase"] = "test"
    with working("exporting"):
        files, _ = exported(net, target, wishes, solver, standalone, options, report=report_notes)
    if output == "-":
        (content,) = files.values()
        click.echo(content, nl=False)
        return
    with working(f"writing {output}"):
        write_export(output, files, wishes.alone, force, paths_read(net, solver, wishes))
