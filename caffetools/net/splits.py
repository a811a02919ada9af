"""The Split layers that Caffe puts in where several layers read one blob (insert_splits.cpp).

They have no line in the prototxt, but their tops count in Caffe's memory and stand in its log.
"""

from __future__ import annotations

from dataclasses import dataclass

from caffetools.errors import GraphError
from caffetools.proto.message import Message


@dataclass(slots=True)
class Wiring:
    """A layer and the names of the blobs between which it stands."""

    message: Message
    """Empty for an inserted Split, and where the top stands that it copies."""
    name: str
    type: str
    bottoms: list[str]
    tops: list[str]
    loss_weights: list[float]
    inserted: bool = False
    """Is it a Split that the prototxt does not have?"""


def wire(layer: Message) -> Wiring:
    """A layer as its prototxt wires it."""
    return Wiring(
        layer,
        layer.text("name"),
        layer.text("type"),
        layer.texts("bottom"),
        layer.texts("top"),
        layer.numbers("loss_weight"),
    )


def insert_splits(layers: list[Wiring]) -> list[Wiring]:
    """The layers with a Split after each top that is read more than once; a loss weight reads, too.

    Raises GraphError for a bottom that no layer above makes.
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
        kept = Wiring(
            layer.message, layer.name, layer.type, bottoms, layer.tops, layer.loss_weights
        )
        result.append(kept)
        for j, name in enumerate(layer.tops):
            copies = readers.get((i, j), 0)
            if copies > 1:
                weight = layer.loss_weights[j] if j < len(layer.loss_weights) else 0.0
                result.append(_split(layer, name, j, copies, weight))
                if weight:  # the first copy is the one that counts as a loss
                    kept.loss_weights = []
                    taken[i, j] = taken.get((i, j), 0) + 1
    return result


def _count_readers(
    layers: list[Wiring],
) -> tuple[dict[tuple[int, int], int], dict[tuple[int, int], tuple[int, int]]]:
    """How many read each (layer, top), and which top each (layer, bottom) reads."""
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


def unknown_bottom(layer: Wiring, index: int) -> Exception:
    """The error for a bottom that no layer above makes."""
    return layer.message.error(
        f"layer {layer.name!a} reads the blob {layer.bottoms[index]!a}, "
        "which no layer above it makes",
        "bottom",
        index,
        GraphError,
    )


def _split(layer: Wiring, blob: str, index: int, copies: int, weight: float) -> Wiring:
    name = _split_name(layer.name, blob, index)
    source = layer.message
    message = Message(source.descriptor, source.source, source.place("top", index))
    weights = [weight] + [0.0] * (copies - 1) if weight else []
    tops = [f"{name}_{copy}" for copy in range(copies)]
    return Wiring(message, name, "Split", [blob], tops, weights, inserted=True)


def _split_name(layer: str, blob: str, index: int) -> str:
    return f"{blob}_{layer}_{index}_split"
