"""What a page tells of each layer when it is asked: its blobs, its arithmetic, its lines."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from caffetools.drawing.arithmetic import formulas
from caffetools.drawing.diagram import diagram, family
from caffetools.layers.base import Shape, dims
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.net.summary import field, windows
from caffetools.pages.snippets import Snippet, snippets
from caffetools.table import printable


def details(net: Net) -> list[dict[str, Any]]:
    """A page's data, a layer each, in the order of the net. All strings are fit to be shown."""
    sources, readers = _neighbours(net)
    told = snippets(net)
    return [
        {
            "name": printable(layer.node.key),
            "type": printable(layer.node.type),
            "family": family(layer),
            "place": printable(str(layer.node.message.location())),
            "bottoms": _blobs(net, layer.node.bottoms, layer.bottoms),
            "tops": _blobs(net, layer.node.tops, layer.tops),
            "params": _params(layer),
            "macs": layer.macs,
            "backward": needed,
            "windows": windows(layer),
            "field": field(fields),
            "steps": [list(step) for step in formulas(layer)],
            "from": sources[index],
            "to": readers[index],
            **_lines(told[index]),
        }
        for index, (layer, needed, fields) in enumerate(
            zip(net.layers, net.needs_backward, net.fields, strict=True)
        )
    ]


def _neighbours(net: Net) -> tuple[list[list[int]], list[list[int]]]:
    """The layers that each layer reads, and those that read it; in a box, one after the other."""
    sources: list[list[int]] = [[] for _ in net.layers]
    readers: list[list[int]] = [[] for _ in net.layers]
    drawing = diagram(net)
    pairs = [
        (drawing.boxes[link.source].layers[-1], drawing.boxes[box].layers[0])
        for link in drawing.links
        for box in link.readers
    ]
    pairs.extend(pair for box in drawing.boxes for pair in pairwise(box.layers))
    for source, reader in dict.fromkeys(pairs):
        sources[reader].append(source)
        readers[source].append(reader)
    return sources, readers


def _blobs(net: Net, blobs: tuple[int, ...], shapes: tuple[Shape | None, ...]) -> list[list[str]]:
    return [
        [printable(net.blob(blob)), "unknown" if shape is None else dims(shape)]
        for blob, shape in zip(blobs, shapes, strict=True)
    ]


def _params(layer: InferredLayer) -> list[dict[str, Any]]:
    return [
        {
            "role": blob.role,
            "shape": dims(blob.shape),
            "count": blob.elements,
            "lr": f"{blob.lr_mult:g}",
            "decay": f"{blob.decay_mult:g}",
            "owner": None if blob.owner is None else printable(blob.owner),
        }
        for blob in layer.params
    ]


def _lines(snippet: Snippet | None) -> dict[str, Any]:
    if snippet is None:
        return {}
    return {"line": snippet.line, "text": [printable(line) for line in snippet.lines]}
