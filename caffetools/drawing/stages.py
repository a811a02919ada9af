"""A net's stages: a layer with weights, and what follows it until the blob branches or joins."""

from __future__ import annotations

from typing import NamedTuple

from caffetools.drawing.diagram import Diagram, diagram, family
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net


class Stage(NamedTuple):
    """A convolution, inner product or the like, and the layers behind it.

    Those take one blob and give one: activation, normalisation, pooling, dropout.
    """

    number: int
    """From 1."""
    layers: tuple[InferredLayer, ...]

    @property
    def name(self) -> str:
        """The name of its first layer."""
        return self.layers[0].node.key


def stages(net: Net) -> tuple[Stage, ...]:
    """The stages of a net, in the order of its file."""
    drawing = diagram(net)
    reads = [0] * len(drawing.boxes)
    for link in drawing.links:
        for reader in link.readers:
            reads[reader] += 1
    next_box = [_next_box(drawing, box, reads) for box in range(len(drawing.boxes))]
    found: list[Stage] = []
    for box, inside in enumerate(drawing.boxes):
        if family(net.layers[inside.layers[0]]) not in {"convolution", "connected"}:
            continue
        layers = list(inside.layers)
        following = next_box[box]
        while following is not None:
            first = net.layers[drawing.boxes[following].layers[0]]
            if family(first) not in {"pooling", "pointwise"}:
                break
            layers.extend(drawing.boxes[following].layers)
            following = next_box[following]
        found.append(Stage(len(found) + 1, tuple(net.layers[layer] for layer in layers)))
    return tuple(found)


def _next_box(drawing: Diagram, box: int, reads: list[int]) -> int | None:
    """The one box that reads the one blob of a box and no other."""
    made = [link for link in drawing.links if link.source == box]
    if len(made) != 1 or len(made[0].readers) != 1 or reads[made[0].readers[0]] != 1:
        return None
    return made[0].readers[0]
