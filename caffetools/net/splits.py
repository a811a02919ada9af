"""The Split layers that Caffe inserts for blobs with several readers (insert_splits.cpp).

They are not in the prototxt, but Caffe counts the memory of their tops and logs them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from caffetools.errors import GraphError
from caffetools.proto.message import Message


@dataclass(slots=True)
class WiredLayer:
    """A layer with the names of its blobs."""

    message: Message
    """Empty for an inserted Split, located at the top that it copies."""
    name: str
    type: str
    bottoms: list[str]
    tops: list[str]
    loss_weights: list[float]
    inserted: bool = False
    """Whether it is an inserted Split."""


def wired(layer: Message) -> WiredLayer:
    """Return a layer as its prototxt connects it."""
    return WiredLayer(
        layer,
        layer.text("name"),
        layer.text("type"),
        layer.texts("bottom"),
        layer.texts("top"),
        layer.numbers("loss_weight"),
    )


def insert_splits(layers: list[WiredLayer]) -> list[WiredLayer]:
    """Insert a Split after each top with several readers; a loss weight counts as one.

    Raises GraphError, placed, for an unknown bottom.
    """
    readers, source = _count_readers(layers)
    taken: dict[tuple[int, int], int] = {}
    result = []
    for i, layer in enumerate(layers):
        bottoms = []
        for j, name in enumerate(layer.bottoms):
            top = source[i, j]
            if readers[top] > 1:
                copy = taken.get(top, 0)
                taken[top] = copy + 1
                bottoms.append(f"{_split_name(layers[top[0]].name, name, top[1])}_{copy}")
            else:
                bottoms.append(name)
        kept = replace(layer, bottoms=bottoms)
        result.append(kept)
        for j, name in enumerate(layer.tops):
            copies = readers.get((i, j), 0)
            if copies > 1:
                weight = layer.loss_weights[j] if j < len(layer.loss_weights) else 0.0
                result.append(_split(layer, name, j, copies, weight))
                if weight:  # the first copy is the loss
                    kept.loss_weights = []
                    taken[i, j] = taken.get((i, j), 0) + 1
    return result


def _count_readers(
    layers: list[WiredLayer],
) -> tuple[dict[tuple[int, int], int], dict[tuple[int, int], tuple[int, int]]]:
    """Return the number of readers of each (layer, top), and the top of each (layer, bottom)."""
    last_top: dict[str, tuple[int, int]] = {}
    readers: dict[tuple[int, int], int] = {}
    source = {}
    for i, layer in enumerate(layers):
        for j, name in enumerate(layer.bottoms):
            top = last_top.get(name)
            if top is None:
                raise unknown_bottom(layer, j)
            source[i, j] = top
            readers[top] = readers.get(top, 0) + 1
        for j, name in enumerate(layer.tops):
            last_top[name] = (i, j)
        for weight, name in zip(layer.loss_weights, layer.tops, strict=False):
            if weight:
                readers[last_top[name]] = readers.get(last_top[name], 0) + 1
    return readers, source


def unknown_bottom(layer: WiredLayer, index: int) -> Exception:
    """Return the error for a bottom that is no top of an earlier layer."""
    bottom = f"unknown bottom {layer.bottoms[index]!a} of layer {layer.name!a}"
    text = f"{bottom}: it is no top of an earlier layer"
    return layer.message.error(text, "bottom", index, GraphError)


def _split(layer: WiredLayer, blob: str, index: int, copies: int, weight: float) -> WiredLayer:
    name = _split_name(layer.name, blob, index)
    source = layer.message
    message = Message(source.descriptor, source.source, source.place("top", index))
    weights = [weight] + [0.0] * (copies - 1) if weight else []
    tops = [f"{name}_{copy}" for copy in range(copies)]
    return WiredLayer(message, name, "Split", [blob], tops, weights, inserted=True)


def _split_name(layer: str, blob: str, index: int) -> str:
    return f"{blob}_{layer}_{index}_split"
