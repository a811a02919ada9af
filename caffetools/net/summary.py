"""A net's table: its rows, its columns, and the lines that stand under it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from caffetools.layers.base import Shape, dims
from caffetools.net.cost import HISTORIES, Cost
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.net.receptive import Fields
from caffetools.table import Column, printable, shown


class TopRow(NamedTuple):
    """One top of a layer, or a layer without any. What is the layer's own stands in its first."""

    layer: InferredLayer
    top: str
    shape: Shape | None
    fields: Fields
    first: bool


def rows(net: Net) -> Iterator[TopRow]:
    """The rows of a net, in the order of its file."""
    for layer, fields in zip(net.layers, net.fields, strict=True):
        if not layer.node.tops:
            yield TopRow(layer, "", (), None, True)
        for index, (blob, shape) in enumerate(zip(layer.node.tops, layer.tops, strict=True)):
            in_place = " (in-place)" if layer.node.in_place[index] else ""
            yield TopRow(layer, printable(net.blob(blob)) + in_place, shape, fields, index == 0)


def columns(cost: Cost) -> list[Column[TopRow]]:
    """The columns of a net's table."""
    return [
        Column("layer", lambda row: printable(row.layer.node.key) if row.first else "", "total"),
        Column("type", lambda row: printable(row.layer.node.type) if row.first else ""),
        Column("top", lambda row: row.top, spare=2),
        Column("shape", _shape),
        Column("kernel/stride/pad", lambda row: windows(row.layer) if row.first else "", spare=1),
        Column("parameters", _parameters, cost.params, numeric=True),
        Column("multiply-accumulates", _macs, cost.macs, numeric=True),
        Column("field/stride", lambda row: field(row.fields) if row.first else "", spare=3),
    ]


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
    """A layer's windows as `11/4/0`, or `3x5/1/1x2` where axes differ; `3/1/2 dilation 2`."""
    if not layer.windows:
        return ""
    kernel, stride, pad, dilation = (
        _once([str(part) for part in axis]) for axis in zip(*layer.windows, strict=True)
    )
    return f"{kernel}/{stride}/{pad}" + (f" dilation {dilation}" if dilation != "1" else "")


def field(fields: Fields) -> str:
    """Receptive fields as `195/16`, size and stride in elements of the input."""
    if fields is None:
        return ""
    size, stride = (
        _once([f"{float(number):.9g}" for number in numbers])
        for numbers in ([f.size for f in fields], [f.stride for f in fields])
    )
    return f"{size}/{stride}"


def _once(parts: list[str]) -> str:
    """The parts joined by `x`, or the one that all are."""
    return parts[0] if len(set(parts)) == 1 else "x".join(parts)


def footer(net: Net) -> list[str]:
    """What the columns do not tell, in plain lines."""
    cost = net.cost
    lines = [f"parameters: {shown(cost.params)}, of which {shown(cost.learnable_params)} learn"]
    if cost.frozen_params:
        lines[0] += f", {shown(cost.frozen_params)} are frozen (lr_mult 0)"
    if cost.statistics:
        lines[0] += f", {shown(cost.statistics)} are statistics of BatchNorm"
    lines.append(
        f"memory for data: {shown(cost.memory_bytes)} bytes as Caffe prints it (every top), "
        f"{shown(cost.unique_memory_bytes)} with each blob once"
    )
    if net.state.phase == "TRAIN":
        twice = ", ".join(name for name, numbers in HISTORIES.items() if numbers == 2)
        lines.append(
            f"training keeps beside: {shown(cost.gradient_bytes)} bytes of gradients, "
            f"{shown(cost.history_bytes)} of solver history ({twice}: twice that)"
        )
    lines.append(f"outputs: {', '.join(map(printable, net.outputs)) or 'none'}")
    return lines
