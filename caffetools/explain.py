"""The arithmetic behind every size of a net, layer by layer, in the manner of a textbook."""

from __future__ import annotations

from collections.abc import Iterator

from caffetools.infer import InferredLayer
from caffetools.layers.base import Step, dims
from caffetools.net import Net
from caffetools.table import printable


def steps(layer: InferredLayer) -> list[Step]:
    """The steps of a layer; none where a shape is unknown."""
    shapes = tuple(shape for shape in layer.bottoms if shape is not None)
    if layer.layer is None or len(shapes) < len(layer.bottoms):
        return []
    return layer.layer.explain(shapes)


def explain(net: Net) -> Iterator[str]:
    """A paragraph for each layer: what goes in, what comes out, and the steps between."""
    for layer in net.layers:
        node = layer.node
        yield f"{printable(node.key)} ({printable(node.type)})"
        for kind, blobs, shapes in (
            ("in", node.bottoms, layer.bottoms),
            ("out", node.tops, layer.tops),
        ):
            for blob, shape in zip(blobs, shapes, strict=True):
                size = "unknown" if shape is None else dims(shape)
                yield f"    {kind:3}  {printable(net.blob(blob))}: {size}"
        for step in steps(layer):
            yield f"    {step.name}: {step.formula} = {step.value:,}"
        yield ""
