"""`caffetools verify`: an exported module against what Caffe computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from caffetools.cli.console import report_note
from caffetools.cli.options import net_options, shape_options
from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.weights import read_weights
from caffetools.layers.base import dims
from caffetools.net.net import Net, load
from caffetools.table import Column, printable, text_table
from caffetools.torch.export.export import program_of
from caffetools.torch.export.program import Program
from caffetools.torch.export.reference import read_arrays, run_pycaffe
from caffetools.torch.export.trace import Comparison, compared, run, seeded
from caffetools.torch.export.transfer import transfer

if TYPE_CHECKING:
    from numpy.typing import NDArray


@click.command("verify")
@click.argument("net", metavar="NET")
@net_options
@click.option("--weights", metavar="W", required=True, help="A .caffemodel, or its .h5.")
@click.option(
    "--against",
    metavar="FILE.npz|pycaffe",
    help="Arrays by blob, inputs among them, or Caffe itself; without it only shapes are compared.",
)
def command(net: str, weights: str, against: str | None, **options: Any) -> None:
    """Compare an exported module with Caffe, blob by blob.

    Runs the module of NET on seeded inputs, and prints each blob's shape and the difference of its
    values from the reference. Exits with status 1 at a difference, naming the first layer that
    differs.
    """
    reference: dict[str, NDArray[Any]] = {}
    if against is not None and against != "pycaffe":
        reference = read_arrays(against)
    loaded, program = _loaded(net, reference, options)
    if program.placeholders:
        node = program.placeholders[0].layers[0].node
        text = f"layer {node.key!a} of type {node.type!a} cannot be exported"
        raise CaffeToolsError(text, node.message.location())
    moved = transfer(program, read_weights(weights))
    for note in (*loaded.notes, *program.notes, *moved.notes, *moved.misfits):
        report_note(note)
    if moved.misfits:
        raise CaffeToolsError(moved.misfits[0].message, moved.misfits[0].location)
    inputs = seeded(program, reference)
    if against == "pycaffe":
        reference = run_pycaffe(net, weights, loaded.state.phase, inputs)
    results = list(compared(program, run(program, moved.tensors, inputs), reference))
    for line in text_table(_COLUMNS, results):
        click.echo(line)
    _conclude(results, net)


def _loaded(
    net: str, reference: dict[str, NDArray[Any]], options: dict[str, Any]
) -> tuple[Net, Program]:
    """The net and its module, for inputs of the shapes that they have in the reference."""
    loaded = load(net, **options)
    program = program_of(loaded, shape_options(net, **options))
    shapes = {
        tensor.blob: reference[tensor.blob].shape
        for tensor in program.inputs
        if tensor.blob in reference and reference[tensor.blob].shape != tensor.shape
    }
    if not shapes:
        return loaded, program
    options["input_shapes"] = (*options["input_shapes"], *shapes.items())
    loaded = load(net, **options)
    return loaded, program_of(loaded, shape_options(net, **options))


_COLUMNS: Sequence[Column[Comparison]] = (
    Column("layer", lambda row: printable(row.layer)),
    Column("blob", lambda row: printable(row.blob)),
    Column("shape", lambda row: dims(row.shape)),
    Column("expected", lambda row: None if row.expected is None else dims(row.expected)),
    Column("largest value", lambda row: _shown(row.largest), numeric=True),
    Column("difference", lambda row: _shown(row.difference), numeric=True),
    Column("", lambda row: "" if row.is_right else "differs"),
)


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _conclude(results: list[Comparison], net: str) -> None:
    """Tell how many agree; CaffeToolsError, which names the first that does not, unless all do."""
    wrong = [row for row in results if not row.is_right]
    valued = sum(row.difference is not None for row in results)
    click.echo(f"shapes of {len(results)} blobs compared, values of {valued}")
    if wrong:
        text = f"{len(wrong)} differ, the first in layer {wrong[0].layer!a}: {wrong[0].blob!a}"
        raise CaffeToolsError(text, Location(net))
