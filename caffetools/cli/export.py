"""`caffetools export`: a net as a PyTorch module."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import click

from caffetools.cli.console import report_note
from caffetools.cli.options import force_option, net_options, shape_options
from caffetools.errors import CaffeToolsError, Location
from caffetools.net.net import Net, load
from caffetools.torch.export.export import Files, Wishes, export, export_onnx, program_of
from caffetools.torch.export.program import Program
from caffetools.writing import check_absent, replace_file, replace_folder

TrainingFiles = Callable[[Program], dict[str, bytes]]


@click.command("export")
@click.argument("net", metavar="NET")
@net_options
@click.option(
    "--to",
    "target",
    type=click.Choice(("torch", "onnx")),
    default="torch",
    show_default=True,
    help="onnx for nets that are only run: implies the phase test.",
)
@click.option(
    "--weights",
    metavar="FILE",
    help="Weights to take along: a .caffemodel of any age, or a .caffemodel.h5.",
)
@click.option(
    "-o",
    "--output",
    metavar="DIR|FILE|-",
    default="-",
    show_default=True,
    help="Where to: a folder, the file for the model alone, or - to print it.",
)
@click.option("--solver", metavar="FILE", help="How to train it: the folder gets a train.py, too.")
@click.option("--labels", metavar="FILE", help="Names of the classes, one a line, to take along.")
@click.option(
    "--fold-bn",
    "fold",
    is_flag=True,
    help="Put BatchNorm and Scale into the layers before them; needs --weights, implies test.",
)
@click.option("--allow-missing", is_flag=True, help="Leave layers of unknown types to fill in.")
@force_option
def command(net: str, output: str, **options: Any) -> None:
    """Export a net as a PyTorch module, or to ONNX.

    NET is a net's prototxt of any age, a solver's (the net that it names), a .caffemodel, a log
    that echoes its net, or - for standard input. A folder gets model.py and, with --weights,
    weights.safetensors: model.build() makes the module. One module serves both phases where they
    differ by data, losses and accuracy; else it is that of --phase.
    """
    solver, target, force = (options.pop(name) for name in ("solver", "target", "force"))
    extras = ("weights", "labels", "fold", "allow_missing")
    wishes = Wishes(**{name: options.pop(name) for name in extras}, alone=_is_alone(output))
    _check_usage(wishes, target, output, solver)
    if wishes.fold or target == "onnx":
        options["phase"] = "test"
    loaded, training = _loaded(net, solver, options)
    program = program_of(loaded, shape_options(net, **options))
    made = export(program, wishes) if target == "torch" else export_onnx(program, wishes)
    files = {**made.files, **({} if made.mistakes else training(program))}
    for note in (*loaded.notes, *made.notes, *made.mistakes):
        report_note(note)
    if made.mistakes:
        first, found = made.mistakes[0], len(made.mistakes)
        more = f", and {found - 1} more" if found > 1 else ""
        raise CaffeToolsError(first.message + more, first.location)
    _write(output, files, wishes.alone, force)


def _is_alone(output: str) -> bool:
    """Does the output name one file, or the standard output?"""
    return output == "-" or (output.endswith((".py", ".onnx")) and not os.path.isdir(output))


def _check_usage(wishes: Wishes, target: str, output: str, solver: str | None) -> None:
    """Raise UsageError for options that do not go together."""
    if target == "onnx":
        if not wishes.alone or output.endswith(".py"):
            raise click.UsageError("--to onnx writes one file: -o FILE.onnx, or -")
        if wishes.labels is not None or solver is not None:
            raise click.UsageError("an ONNX file takes neither --labels nor --solver along")
    elif wishes.alone and (wishes.weights is not None or solver is not None):
        raise click.UsageError("weights and training stand beside the model: give a folder, -o DIR")
    if wishes.fold and wishes.weights is None:
        raise click.UsageError("--fold-bn computes with weights: give them with --weights")
    if wishes.fold and solver is not None:
        raise click.UsageError("--fold-bn is for nets that are only run, not for --solver")


def _loaded(net: str, path: str | None, options: dict[str, Any]) -> tuple[Net, TrainingFiles]:
    """The net, and what gives the files that train it: none without a solver."""
    if path is None:
        return load(net, **options), lambda _: {}
    from caffetools.torch.solver.solver_file import read_solver
    from caffetools.torch.solver.train_code import training_files

    shapes = shape_options(net, **options)
    solver = read_solver(path, options["stages"], options["level"], net=net, options=shapes)
    for note in solver.notes:
        report_note(note)
    return solver.train, partial(training_files, solver)


def _write(output: str, files: Files, alone: bool, force: bool) -> None:
    if alone:
        (content,) = files.values()
        assert isinstance(content, bytes)
        if output == "-":
            click.echo(content, nl=False)
            return
        check_absent([output], force)
        replace_file(output, content)
        return
    if os.path.lexists(output) and not os.path.isdir(output):
        raise CaffeToolsError("expected a folder, found a file", Location(output))
    check_absent([os.path.join(output, name) for name in files], force)
    replace_folder(output, files)
