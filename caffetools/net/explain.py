"""The arithmetic behind every size of a net, layer by layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from caffetools.layers.blobs import Shape, Step, count, dims
from caffetools.net.cost import FLOAT_BYTES
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.table import printable


def steps(layer: InferredLayer) -> list[Step]:
    """Return the steps of a layer; none if a shape is unknown."""
    if layer.layer is None or layer.known_bottoms is None:
        return []
    return layer.layer.explain(layer.known_bottoms)


def remarks(layer: InferredLayer) -> list[str]:
    """Return what there is to say besides the steps; nothing if a shape is unknown."""
    if layer.layer is None or layer.known_bottoms is None:
        return []
    return layer.layer.remarks(layer.known_bottoms)


def totals(net: Net) -> list[Step]:
    """Return the sums over all layers; none if a shape is unknown."""
    cost = net.cost
    if cost.params is None or cost.macs is None or cost.memory_bytes is None:
        return []
    owned = [layer.owned_params for layer in net.layers]
    macs = [layer.macs for layer in net.layers if layer.macs]
    counts = [
        count(shape) for layer in net.inferred.layers for shape in layer.tops if shape is not None
    ]
    return [
        Step("parameters", _sum(filter(None, owned)), cost.params),
        Step("multiply-accumulates", _sum(macs), cost.macs),
        Step("memory for data, in bytes", f"{FLOAT_BYTES} * ({_sum(counts)})", cost.memory_bytes),
    ]


def explain(net: Net) -> Iterator[str]:
    """Yield a paragraph for each layer, with inputs, outputs and steps, and then the sums."""
    for layer in net.layers:
        node = layer.node
        yield f"{printable(node.key)} ({printable(node.type)})"
        for kind, blobs, shapes in (
            ("in", node.bottoms, layer.bottoms),
            ("out", node.tops, layer.tops),
        ):
            for blob, shape in zip(blobs, shapes, strict=True):
                yield f"    {kind:3}  {printable(net.blob(blob))}: {_size(shape)}"
        yield from map(_line, steps(layer))
        yield from (f"    note: {text}" for text in remarks(layer))
        yield ""
    sums = totals(net)
    if sums:
        yield "net"
        yield from map(_line, sums)


def _size(shape: Shape | None) -> str:
    """Format a shape and its count, `256 x 96 x 55 x 55 (74,342,400)`."""
    return "unknown" if shape is None else f"{dims(shape)} ({count(shape):,})"


def _line(step: Step) -> str:
    formula = "" if step.formula == str(step.value) else f"{step.formula} = "
    return f"    {step.name}: {formula}{step.value:,}"


def _sum(terms: Iterable[int]) -> str:
    return " + ".join(map(str, terms)) or "0"
