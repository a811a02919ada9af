"""Which layers of two nets correspond: those of one name, and renamed ones between them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import takewhile

from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net

Gap = tuple[str, str]
"""The common layers before and after some layers that only one net has; "" at an end."""


def pairs(old: Net, new: Net) -> dict[str, InferredLayer]:
    """Return the layer of `new` for each key of `old` that has one.

    A layer without a namesake is renamed if its counterpart is between the same common layers: if
    all types there agree, or if it has the same type, shapes and parameters, counted from an end.
    """
    after = {layer.node.key: layer for layer in new.layers}
    common = {layer.node.key for layer in old.layers} & after.keys()
    found = {key: after[key] for key in common}
    gaps = _gaps(new, common)
    for gap, left in _gaps(old, common).items():
        right = gaps.get(gap, [])
        if [layer.node.type for layer in left] == [layer.node.type for layer in right]:
            found |= _paired(left, right, lambda _one, _other: True)
            continue
        first = _paired(left, right, _alike)
        rest = left[len(first) :][::-1], right[len(first) :][::-1]
        found |= first | _paired(*rest, _alike)
    return found


def _gaps(net: Net, common: Collection[str]) -> dict[Gap, list[InferredLayer]]:
    found: dict[Gap, list[InferredLayer]] = {}
    before = ""
    layers: list[InferredLayer] = []
    for layer in net.layers:
        if layer.node.key in common:
            found[before, layer.node.key] = layers
            before, layers = layer.node.key, []
        else:
            layers.append(layer)
    found[before, ""] = layers
    return found


def _paired(
    left: Sequence[InferredLayer],
    right: Sequence[InferredLayer],
    fits: Callable[[InferredLayer, InferredLayer], bool],
) -> dict[str, InferredLayer]:
    """Pair layers from the start, as long as they fit."""
    fitting = takewhile(lambda pair: fits(*pair), zip(left, right, strict=False))
    return {one.node.key: other for one, other in fitting}


def _alike(one: InferredLayer, other: InferredLayer) -> bool:
    """Whether two layers have the same type, shapes and parameters; their batches may differ."""
    shapes, others = ([shape and shape[1:] for shape in layer.tops] for layer in (one, other))
    params, other_params = ([blob.shape for blob in layer.params] for layer in (one, other))
    return one.node.type == other.node.type and shapes == others and params == other_params
