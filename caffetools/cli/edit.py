"""`caffetools edit`: a net edited with its weights."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

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
    test_phase_option,
)
from caffetools.editing.editor import NetEditor
from caffetools.errors import CaffeToolsError, Location
from caffetools.proto.source import decode, read_bytes
from caffetools.table import printable


class _Pair(click.ParamType):  # type: ignore[type-arg]  # older clicks have no type argument
    """Two texts with `=` between."""

    name = "pair"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        first, sign, second = value.partition("=")
        if not first or not sign or not second:
            self.fail(f"expected two texts with = between, found {value!a}", param, ctx)
        return first, second


def _pairs(text: str, name: str, metavar: str) -> Callable[[Command], Command]:
    return repeatable(text, name, type=_Pair(), metavar=metavar)


@click.command("edit")
@click.argument("net", metavar="NET")
@click.option("--weights", metavar="W", help="A .caffemodel or .caffemodel.h5 file to edit, too.")
@click.option("--cut-after", metavar="BLOB", help="Keep the layers that a blob depends on.")
@repeatable("Remove a layer; its readers read its bottom.", "--remove", metavar="LAYER")
@_pairs("Set a field of a layer, as text.", "--set", "LAYER.FIELD=VALUE")
@flag("--fold-bn", help="Fold BatchNorm and Scale into the preceding layers.")
@click.option(
    "--convolutional",
    is_flag=False,
    flag_value="",
    metavar="[LAYER]",
    help="Make an InnerProduct, or all that allow it, a Convolution.",
)
@_pairs(
    "Remove a share of a layer's outputs, those of the least L1 norm, or the ones that a FILE "
    "lists by their indices, with all that depends on them.",
    "--prune",
    "LAYER=0.5|FILE",
)
@click.option(
    "--batch-size", type=click.IntRange(min=1), metavar="N", help="Batch size of the inputs."
)
@repeatable(
    "Shape of a top of an Input layer.",
    "--input-shape",
    "input_shapes",
    type=ShapeType(named=True),
)
@_pairs("Rename layers and blobs.", "--rename", "OLD=NEW")
@test_phase_option
@output_option("STEM", "Write STEM.prototxt and, with --weights, STEM.caffemodel.")
@force_option
@plugin_option
def command(net: str, weights: str | None, phase: str, output: str, **options: Any) -> None:
    """Edit a net and its weights together.

    Edits are made in the order of this list. Those that keep what the net computes are verified to
    1e-5 by the exact modules, on drawn inputs; for others the blobs that change are listed. Layers
    of both phases are edited; --phase is that in which shapes are inferred and edits verified. The
    other phase must still be one that Caffe sets up, with weights that fit. Comments are kept.
    """
    editor = NetEditor(net, weights, phase)
    report_notes(editor.notes)
    try:
        _edit(editor, options)
    except CaffeToolsError as error:
        raise error.at(Location(net)) from None
    editor.save(output, options["force"])
    for line in editor.changes:
        click.echo(printable(line), err=True)
    click.echo(f"verified: {editor.difference:.1e}", err=True)


def _edit(editor: NetEditor, options: dict[str, Any]) -> None:
    if options["cut_after"] is not None:
        editor.cut_after(options["cut_after"])
    for layer in options["remove"]:
        editor.remove(layer)
    for path, value in options["set"]:
        editor.set(path, value)
    if options["fold_bn"]:
        editor.fold_batch_norm()
    if options["convolutional"] is not None:
        editor.convolutional(options["convolutional"] or None)
    for layer, outputs in options["prune"]:
        editor.prune(layer, _outputs(outputs))
    if options["batch_size"] or options["input_shapes"]:
        editor.resize(options["batch_size"], dict(options["input_shapes"]))
    for old, new in options["rename"]:
        editor.rename(old, new)


def _outputs(text: str) -> float | list[int]:
    """Return a share, or the indices in a file, with blanks, commas or lines between."""
    if not os.path.exists(text):
        try:
            share = float(text)
        except ValueError:
            share = -1.0
        if not 0 < share < 1:
            raise click.UsageError(f"--prune expected a share below 1 or a file, found {text!a}")
        return share
    words = re.split(r"[\s,]+", decode(text, read_bytes(text)).text.strip())
    wrong = next((word for word in words if not word.isdecimal()), None)
    if wrong is not None:
        raise CaffeToolsError(f"expected indices of outputs, found {wrong!a}", Location(text))
    return [int(word) for word in words]
