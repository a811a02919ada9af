"""Net -> Diagram: boxes of layers, and links from the box of each blob to its readers.

Layers that compute in place belong to the box whose blob they change. Splits that Caffe inserts
have no box: a blob links to all its readers.
"""

from __future__ import annotations

from typing import NamedTuple

from caffetools.errors import CaffeToolsError
from caffetools.layers.window import Window
from caffetools.net.certain import PartialShape
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net


class Box(NamedTuple):
    """A layer and the layers that change its top in place, as indices into `Net.layers`."""

    layers: tuple[int, ...]


class Link(NamedTuple):
    """A blob that a box produces."""

    source: int
    """Index of its box."""
    name: str
    shape: PartialShape
    readers: tuple[int, ...]
    """Indices of the boxes that read it, without duplicates, in order."""
    is_output: bool


class Diagram(NamedTuple):
    """Boxes in the order of the file; all links lead to later boxes."""

    boxes: tuple[Box, ...]
    links: tuple[Link, ...]


def diagram(net: Net) -> Diagram:
    """Return the boxes and links of a net."""
    boxes: list[list[int]] = []
    produced: list[tuple[int, int]] = []  # box and blob of each link
    readers: list[list[int]] = []
    current: dict[int, int] = {}  # blob -> its link
    index = 0
    for layer in net.inferred.layers:
        node = layer.node
        if node.inserted:
            current.update((top, current[node.bottoms[0]]) for top in node.tops)
            continue
        if node.bottoms and node.bottoms == node.tops and len(node.tops) == 1:
            boxes[produced[current[node.tops[0]]][0]].append(index)
        else:
            box = len(boxes)
            boxes.append([index])
            for bottom in node.bottoms:
                if box not in readers[current[bottom]]:
                    readers[current[bottom]].append(box)
            for top in node.tops:
                current[top] = len(produced)
                produced.append((box, top))
                readers.append([])
        index += 1
    graph, shapes = net.inferred.graph, net.certain.shapes
    outputs = {current[blob] for blob in graph.outputs}
    links = tuple(
        Link(box, graph.blobs[blob].origin, shapes[blob], tuple(readers[at]), at in outputs)
        for at, (box, blob) in enumerate(produced)
    )
    return Diagram(tuple(Box(tuple(box)) for box in boxes), links)


def windows(layer: InferredLayer) -> list[Window] | None:
    """Return the windows of a layer, as `Layer.windows` does; none for an unknown type.

    Unknown bottoms count as images, with four axes: kernels as large as the image are 0.
    """
    if layer.layer is None:
        return []
    if layer.known_bottoms is not None:
        return layer.layer.windows(layer.known_bottoms)
    try:
        return layer.layer.windows(((1, 1, 0, 0),) * len(layer.bottoms))
    except CaffeToolsError:
        return []


_FAMILY_OF_MODULE = {
    "detection": "boxes",
    "normalization": "normalization",
    "permutation": "reshaping",
    "prior_box": "boxes",
    "reshaping": "reshaping",
    "selection": "reshaping",
}
"""Families that the module of a layer's class decides."""


def family(layer: InferredLayer) -> str:
    """Family of a layer, a key of `style.FAMILIES`, by its properties and its class's module."""
    if layer.layer is None:
        return "unknown"
    if not layer.node.bottoms or any(layer.loss_weights):
        return "loss" if layer.node.bottoms else "data"
    module = type(layer.layer).__module__.rpartition(".")[2]
    if module == "activation" and layer.layer.mixes_axis:
        return "softmax"
    return _FAMILY_OF_MODULE.get(module) or _family_by_windows(layer)


def _family_by_windows(layer: InferredLayer) -> str:
    """Family of a layer by its windows, parameters, inputs and outputs."""
    found = windows(layer)
    weighted = any(not blob.statistic for blob in layer.params)
    if layer.known_bottoms is None:
        weighted = hasattr(layer.layer, "num_output")
    if found:
        return "convolution" if weighted else "pooling"
    if weighted and found is None:
        return "connected"
    several = len(set(layer.node.bottoms)) > 1 or len(layer.node.tops) > 1
    return "joining" if several else "pointwise"
