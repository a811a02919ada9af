"""The table of a net: its rows, columns and footer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from caffetools.layers.blobs import Shape, count, dims
from caffetools.net.cost import FLOAT_BYTES, HISTORY_VALUES, Cost, cost
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.net.receptive import ReceptiveFields
from caffetools.table import Column, printable, shown


class TopRow(NamedTuple):
    """One top of a layer, or a layer without tops; the first row also shows the layer."""

    layer: InferredLayer
    top: str
    shape: Shape | None
    fields: ReceptiveFields
    first: bool


def _memory(layer: InferredLayer) -> int:
    return FLOAT_BYTES * sum(count(shape) for shape in layer.tops if shape is not None)


SORTS: dict[str, Callable[[InferredLayer], int]] = {
    "macs": lambda layer: layer.macs or 0,
    "params": lambda layer: layer.owned_params,
    "memory": _memory,
}
"""What layers are sorted by, the largest first."""


def rows(net: Net, by: str | None = None) -> Iterator[TopRow]:
    """Yield the rows of a net, in the order of its file, or sorted by one of SORTS."""
    pairs = list(zip(net.layers, net.fields, strict=True))
    if by is not None:
        pairs.sort(key=lambda pair: SORTS[by](pair[0]), reverse=True)
    for layer, fields in pairs:
        if not layer.node.tops:
            yield TopRow(layer, "", (), None, True)
        for index, (blob, shape) in enumerate(zip(layer.node.tops, layer.tops, strict=True)):
            in_place = " (in-place)" if layer.node.in_place[index] else ""
            yield TopRow(layer, printable(net.blob(blob)) + in_place, shape, fields, index == 0)


def columns(net: Net, by: str | None = None) -> list[Column[TopRow]]:
    """Return the columns of a net's table; sorted by one of SORTS, also each layer's share of it.

    A total of which a part is unknown is `at least` the sum of the others.
    """
    whole, known = net.cost, cost(net.certain.net, partial=True)
    found: list[Column[TopRow]] = [
        Column("layer", lambda row: printable(row.layer.node.key) if row.first else "", "total"),
        Column("type", lambda row: printable(row.layer.node.type) if row.first else ""),
        Column("top", lambda row: row.top, spare=2),
        Column("shape", _shape),
        Column("kernel/stride/pad", lambda row: windows(row.layer) if row.first else "", spare=1),
        Column("parameters", _parameters, _total(whole.params, known.params), numeric=True),
        Column("MACs", _macs, _total(whole.macs, known.macs), numeric=True),
        Column("field/stride", lambda row: field(row.fields) if row.first else "", spare=3),
    ]
    return found if by is None else [*found, *_sorted_columns(net, by)]


def _sorted_columns(net: Net, by: str) -> Iterator[Column[TopRow]]:
    """Yield the columns that a table has only when it is sorted."""
    size = SORTS[by]
    total = sum(map(size, net.layers))
    if by == "memory":
        yield Column("bytes", lambda row: size(row.layer) if row.first else "", total, numeric=True)

    def share(row: TopRow) -> str:
        return f"{size(row.layer) / total:.1%}" if row.first and total else ""

    yield Column("share", share, numeric=True)


def _total(whole: int | None, known: int | None) -> int | str | None:
    """Return a total, or if a part of it is unknown, `at least` the sum of the others."""
    return whole if whole is not None or not known else f"at least {known:,}"


def _shape(row: TopRow) -> str | None:
    if not row.layer.node.tops:
        return ""
    return None if row.shape is None else dims(row.shape)


def _parameters(row: TopRow) -> int | str | None:
    if not row.first:
        return ""
    if row.layer.macs is None:
        return None
    if row.layer.params and all(blob.owner is not None for blob in row.layer.params):
        return "shared"
    return row.layer.owned_params or ""


def _macs(row: TopRow) -> int | str | None:
    if not row.first:
        return ""
    return row.layer.macs if row.layer.macs != 0 else ""


def windows(layer: InferredLayer) -> str:
    """Format windows as `11/4/0`, `3x5/1/1x2` if axes differ, or `3/1/2 dilation 2`."""
    if not layer.windows:
        return ""
    kernel, stride, pad, dilation = (
        _once([str(part) for part in axis]) for axis in zip(*layer.windows, strict=True)
    )
    return f"{kernel}/{stride}/{pad}" + (f" dilation {dilation}" if dilation != "1" else "")


def field(fields: ReceptiveFields) -> str:
    """Format receptive fields as `195/16`: size and stride, in elements of the input."""
    if fields is None:
        return ""
    size, stride = (
        _once([f"{float(number):.9g}" for number in numbers])
        for numbers in ([f.size for f in fields], [f.stride for f in fields])
    )
    return f"{size}/{stride}"


def _once(parts: list[str]) -> str:
    """Join the parts by `x`, or return the one that all are equal to."""
    return parts[0] if len(set(parts)) == 1 else "x".join(parts)


def footer(net: Net) -> list[str]:
    """Return the lines under the table: parameters, memory and outputs."""
    whole, known = net.cost, cost(net.certain.net, partial=True)

    def total(what: Callable[[Cost], int | None]) -> str:
        return shown(_total(what(whole), what(known)))

    learnable = total(lambda cost: cost.learnable_params)
    lines = [f"parameters: {total(lambda cost: cost.params)}, {learnable} of them learnable"]
    if whole.frozen_params:
        lines[0] += f", {shown(whole.frozen_params)} frozen (lr_mult 0)"
    if whole.statistics:
        lines[0] += f", {shown(whole.statistics)} statistics of BatchNorm"
    lines.append(
        f"memory for data: {total(lambda cost: cost.memory_bytes)} bytes as Caffe counts it "
        f"(every top), {total(lambda cost: cost.unique_memory_bytes)} with each blob once"
    )
    if net.state.phase == "TRAIN":
        twice = ", ".join(name for name, values in HISTORY_VALUES.items() if values == 2)
        lines.append(
            f"memory for training: {shown(whole.gradient_bytes)} bytes of gradients, "
            f"{shown(whole.history_bytes)} of solver history ({twice}: twice that)"
        )
    lines.append(f"outputs: {', '.join(map(printable, net.outputs)) or 'none'}")
    return lines
