"""`caffetools export`: export a net as a PyTorch module."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import click

from caffetools.cli.console import report_notes
from caffetools.cli.options import (
    choice,
    flag,
    force_option,
    net_options,
    output_option,
    shape_options,
)
from caffetools.errors import CaffeToolsError, Location
from caffetools.net.loading import load
from caffetools.net.net import Net
from caffetools.torch.export.export import ExportOptions, Files, export, export_onnx, module_spec
from caffetools.torch.export.module_spec import ModuleSpec
from caffetools.writing import check_absent, replace_file, replace_folder

TrainingFiles = Callable[[ModuleSpec], dict[str, bytes]]


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
    solver, target, force = (options.pop(name) for name in ("solver", "target", "force"))
    standalone = options.pop("standalone")
    names = ("weights", "labels", "fold", "allow_missing", "flat")
    wanted = ExportOptions(
        **{name: options.pop(name) for name in names},
        alone=_is_alone(output),
        trains=solver is not None,
    )
    _check_usage(wanted, target, output, solver, standalone)
    if wanted.fold or target == "onnx":
        options["phase"] = "test"
    loaded, training = _loaded(net, solver, standalone, options)
    spec = module_spec(loaded, shape_options(net, **options))
    made = export(spec, wanted) if target == "torch" else export_onnx(spec, wanted)
    files = {**made.files, **({} if made.mistakes else training(spec))}
    report_notes((*loaded.notes, *made.notes, *made.mistakes))
    if made.mistakes:
        first, found = made.mistakes[0], len(made.mistakes)
        more = f", and {found - 1} more" if found > 1 else ""
        raise CaffeToolsError(first.message + more, first.location)
    inputs = [path for path in (net, solver, wanted.weights, wanted.labels) if path]
    _write(output, files, wanted.alone, force, inputs)


def _is_alone(output: str) -> bool:
    """Whether the output is one file, or standard output."""
    return output == "-" or (output.endswith((".py", ".onnx")) and not os.path.isdir(output))


def _check_usage(
    wanted: ExportOptions, target: str, output: str, solver: str | None, standalone: bool
) -> None:
    """Raise UsageError for options that exclude each other."""
    onnx, alone = target == "onnx", wanted.alone
    for excluded, text in (
        (onnx and (not alone or output.endswith(".py")), "--to onnx writes one file: use -o FILE"),
        (onnx and (wanted.labels or solver), "--to onnx excludes --labels and --solver"),
        (alone and not onnx and (wanted.weights or solver),
         "--weights and --solver write several files: use -o DIR"),
        (wanted.fold and wanted.weights is None, "--fold-bn needs --weights"),
        (wanted.fold and solver, "--fold-bn is for inference and excludes --solver"),
        (standalone and solver is None, "--standalone needs --solver"),
    ):  # fmt: skip
        if excluded:
            raise click.UsageError(text)


def _loaded(
    net: str, path: str | None, standalone: bool, options: dict[str, Any]
) -> tuple[Net, TrainingFiles]:
    """Return the net and a function that makes the files to train it, none without a solver."""
    if path is None:
        return load(net, **options), lambda _: {}
    from caffetools.torch.solver.solver_file import read_solver
    from caffetools.torch.solver.train_code import training_files

    shapes = shape_options(net, **options)
    solver = read_solver(path, options["stages"], options["level"], net=net, options=shapes)
    report_notes(solver.notes)
    return solver.train, partial(training_files, solver, standalone=standalone)


def _write(output: str, files: Files, alone: bool, force: bool, inputs: list[str]) -> None:
    if not alone:
        if os.path.lexists(output) and not os.path.isdir(output):
            raise CaffeToolsError("expected a folder, found a file", Location(output))
        check_absent([os.path.join(output, name) for name in files], force, inputs)
        replace_folder(output, files)
        return
    (content,) = files.values()
    assert isinstance(content, bytes)
    if output == "-":
        click.echo(content, nl=False)
        return
    check_absent([output], force, inputs)
    replace_file(output, content)
