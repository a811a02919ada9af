"""What `from-torch` and `from-onnx` have in common."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

import click

from caffetools.cli.console import report_notes
from caffetools.cli.options import (
    Command,
    ShapeType,
    flag,
    force_option,
    output_option,
    plugin_option,
    repeatable,
)

if TYPE_CHECKING:
    from caffetools.torch.to_caffe.conversion import Conversion


def conversion_options(command: Command) -> Command:
    """Add the inputs of the net, its layer types, where it ends, and where it is written."""
    options = (
        click.argument("more", nargs=-1, metavar=""),
        repeatable(
            "Name and shape of an input, in order; for ONNX only where the file leaves it open.",
            "--input",
            "--input-shape",
            "input_shapes",
            type=ShapeType(named=True),
        ),
        click.option(
            "--profile",
            default="bvlc",
            metavar="bvlc|ssd|any|FILE",
            help="Layer types that the net may use; a file has one a line.",
        ),
        repeatable(
            "End the net after these modules or results, separated by commas.",
            "--outputs",
            metavar="NAME…",
        ),
        flag("--fold-bn", "--fold-batchnorm", help="Multiply BatchNorm into preceding layers."),
        output_option("STEM", "Writes STEM.prototxt and STEM.caffemodel."),
        force_option,
    )
    return reduce(lambda made, option: option(made), reversed(options), plugin_option(command))


def chosen_outputs(given: Sequence[str], more: Sequence[str]) -> list[str] | None:
    """Return the names after --outputs, those that follow without the option included."""
    if more and not given:
        raise click.UsageError(f"unexpected argument {more[0]!a}")
    names = [name for text in (*given, *more) for name in text.split(",") if name]
    return names or None


def save(made: Conversion, stem: str, *, force: bool) -> None:
    """Write the files, and print what was left out and the largest difference."""
    made.save(stem, force=force)
    report_notes(made.notes)
    click.echo(f"verified: {made.difference:.1e}", err=True)
