"""`caffetools export`: a net as a PyTorch module."""

from __future__ import annotations

import os
from typing import Any

import click

from caffetools.cli.errors import report_note
from caffetools.cli.options import net_options, shape_options
from caffetools.errors import CaffeToolsError, Location
from caffetools.net import load
from caffetools.torch.export import Export, Wishes, export, program_of
from caffetools.writing import replace_file, replace_folder


@click.command("export")
@click.argument("net", metavar="NET")
@net_options
@click.option("--to", "target", type=click.Choice(("torch",)), default="torch", show_default=True)
@click.option(
    "--weights",
    metavar="FILE",
    help="Weights to take along: a .caffemodel of any age, or a .caffemodel.h5.",
)
@click.option(
    "-o",
    "--output",
    metavar="DIR|FILE.py|-",
    default="-",
    show_default=True,
    help="Where to: a folder, the file for the model alone, or - to print it.",
)
@click.option("--labels", metavar="FILE", help="Names of the classes, one a line, to take along.")
@click.option(
    "--fold-bn",
    is_flag=True,
    help="Put BatchNorm and Scale into the layers before them; needs --weights, implies test.",
)
@click.option("--allow-missing", is_flag=True, help="Leave layers of unknown types to fill in.")
@click.option("--force", is_flag=True, help="Overwrite what is there.")
def command(net: str, output: str, **options: Any) -> None:
    """Write NET as a PyTorch module that computes what Caffe computes.

    NET is a net's prototxt of any age, a solver's (the net that it names), a .caffemodel, or - for
    standard input. A folder gets model.py and, with --weights, weights.safetensors: model.build()
    makes the module. One module serves both phases where they differ by data, losses and accuracy;
    else it is that of --phase.
    """
    names = ("weights", "labels", "fold_bn", "allow_missing", "force", "target")
    weights, labels, fold, allow_missing, force, _ = (options.pop(name) for name in names)
    alone = output == "-" or (output.endswith(".py") and not os.path.isdir(output))
    if alone and weights is not None:
        raise click.UsageError("--weights are written beside the model: give a folder with -o DIR")
    if fold:
        if weights is None:
            raise click.UsageError("--fold-bn computes with weights: give them with --weights")
        options["phase"] = "test"
    loaded = load(net, **options)
    wishes = Wishes(weights, labels, fold, allow_missing, alone)
    made = export(program_of(loaded, shape_options(net, **options)), wishes)
    for note in (*loaded.notes, *made.notes, *made.mistakes):
        report_note(note)
    if made.mistakes:
        found = len(made.mistakes)
        what = f"{made.mistakes[0].message}, and {found - 1} more" if found > 1 else ""
        raise CaffeToolsError(what or made.mistakes[0].message, made.mistakes[0].location)
    if output == "-":
        click.echo(made.files["model.py"], nl=False)
    elif alone:
        _write_file(output, made, force)
    else:
        _write_folder(output, made, force)


def _write_file(path: str, made: Export, force: bool) -> None:
    _check_absent([path], force)
    replace_file(path, made.files["model.py"])


def _write_folder(folder: str, made: Export, force: bool) -> None:
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise CaffeToolsError("expected a folder, found a file", Location(folder))
    _check_absent([os.path.join(folder, name) for name in made.files], force)
    replace_folder(folder, made.files)


def _check_absent(paths: list[str], force: bool) -> None:
    """Raise CaffeToolsError for a file that is there, unless with `force`."""
    there = next((path for path in paths if os.path.lexists(path)), None)
    if there is not None and not force:
        raise CaffeToolsError("this is there already; --force overwrites it", Location(there))
