"""Why the shape of a blob is unknown, and the options that set it."""

from __future__ import annotations

from caffetools.layers.items import ItemLayer, hint
from caffetools.net.infer import Inferred


def unknown_shape(net: Inferred, blob: int) -> str:
    """Return what to pass for a blob of unknown shape: a hint at the first blob without a shape."""
    producers = {top: layer for layer in reversed(net.layers) for top in layer.node.tops}
    layer = producers[blob]
    while None in layer.bottoms:
        blob = layer.node.bottoms[layer.bottoms.index(None)]
        layer = producers[blob]
    name = ascii(net.graph.blobs[blob].origin)
    options = f"--input-shape {name[1:-1]}=D,D,…"
    if isinstance(layer.layer, ItemLayer):
        options = hint(layer.layer.spec, layer.node.tops.index(blob))
    if layer.layer is not None or not layer.node.bottoms:
        return f"pass {options}"
    reason = f"layer {layer.node.key!a} has the unknown type {layer.node.type!a}"
    return f"{reason}; pass {options}, and --allow-missing to export"
