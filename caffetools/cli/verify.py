"""`caffetools verify`: compare an exported module with Caffe's results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from caffetools.cli.console import report_notes, table_lines
from caffetools.cli.options import net_options
from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.weights import read_weights
from caffetools.layers.blobs import dims
from caffetools.net.loading import load
from caffetools.net.net import Net
from caffetools.table import Column, printable
from caffetools.torch.export import verification
from caffetools.torch.export.export import module_spec
from caffetools.torch.export.module_spec import ModuleSpec
from caffetools.torch.export.state_dict import transfer_weights
from caffetools.torch.export.verification import BlobComparison

if TYPE_CHECKING:
    from numpy.typing import NDArray


@click.command("verify")
@click.argument("net", metavar="NET")
@net_options
@click.option("--weights", metavar="W", required=True, help="A .caffemodel or .caffemodel.h5 file.")
@click.option(
    "--against",
    metavar="FILE.npz|pycaffe",
    help="Reference: arrays by blob, inputs included, or Caffe; default: compare shapes alone.",
)
def command(net: str, weights: str, against: str | None, **options: Any) -> None:
    """Compare an exported module with Caffe, blob by blob.

    Runs the module of NET and prints each blob's shape and its largest difference from the
    reference. Inputs that the reference lacks are drawn from a fixed seed. Exits with status 1 if a
    blob differs, naming the first layer that does.
    """
    reference: dict[str, NDArray[Any]] = {}
    if against is not None and against != "pycaffe":
        reference = verification.read_arrays(against)
    loaded, spec = _loaded(net, reference, options)
    if spec.placeholders:
        node = spec.placeholders[0].layers[0].node
        text = f"layer {node.key!a} of type {node.type!a} cannot be exported"
        raise CaffeToolsError(text, node.message.location())
    transferred = transfer_weights(spec, read_weights(weights))
    report_notes((*loaded.notes, *spec.notes, *transferred.notes, *transferred.misfits))
    if transferred.misfits:
        raise CaffeToolsError(transferred.misfits[0].message, transferred.misfits[0].location)
    inputs = verification.seeded_inputs(spec, reference)
    if against == "pycaffe":
        reference = verification.run_pycaffe(net, weights, loaded.state.phase, inputs)
    found = verification.run(spec, transferred.tensors, inputs)
    results = list(verification.compare_blobs(spec, found, reference))
    for line in table_lines(_COLUMNS, results):
        click.echo(line)
    _conclude(results, net)


def _loaded(
    net: str, reference: dict[str, NDArray[Any]], options: dict[str, Any]
) -> tuple[Net, ModuleSpec]:
    """Return the net and its module, for the input shapes of the reference."""
    loaded = load(net, **options)
    spec = module_spec(loaded)
    shapes = {
        tensor.blob: reference[tensor.blob].shape
        for tensor in spec.inputs
        if tensor.blob in reference and reference[tensor.blob].shape != tensor.shape
    }
    if not shapes:
        return loaded, spec
    options["input_shapes"] = (*options["input_shapes"], *shapes.items())
    loaded = load(net, **options)
    return loaded, module_spec(loaded)


_COLUMNS: Sequence[Column[BlobComparison]] = (
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


def _conclude(results: list[BlobComparison], net: str) -> None:
    """Print how many blobs were compared; raise CaffeToolsError at the first that differs."""
    wrong = [row for row in results if not row.is_right]
    valued = sum(row.difference is not None for row in results)
    click.echo(f"shapes of {len(results)} blobs compared, values of {valued}")
    if wrong:
        text = f"{len(wrong)} differ, the first in layer {wrong[0].layer!a}: {wrong[0].blob!a}"
        raise CaffeToolsError(text, Location(net))
