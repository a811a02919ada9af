"""Details of each layer for the script of a page: blobs, formulas, lines of the prototxt."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from caffetools.drawing.diagram import diagram, family
from caffetools.drawing.layer_text import formulas
from caffetools.layers.blobs import Shape, dims
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.net.summary import field, windows
from caffetools.pages.paths import shortened
from caffetools.proto.source import Source
from caffetools.table import printable

_MAX_LINES = 200


def snippets(net: Net) -> list[dict[str, Any]]:
    """Return the `text` of each layer and its first `line`; nothing if it is not from a text."""
    messages = [layer.node.message for layer in net.layers]
    starts: dict[Source, set[int]] = {}
    for message in (*messages, *net.inferred.graph.message.messages("layer")):
        starts.setdefault(message.source, set()).add(message.offset)
    ends: dict[tuple[Source, int], int] = {}
    for source, offsets in starts.items():
        ordered = sorted(offsets)
        for start, end in zip(ordered, [*ordered[1:], len(source.text)], strict=True):
            ends[source, start] = end
    return [
        _snippet(message.source, message.offset, ends[message.source, message.offset])
        for message in messages
    ]


def _snippet(source: Source, start: int, end: int) -> dict[str, Any]:
    """Return the lines from a layer to the next one, without the comments between them."""
    text = source.text[start:end]
    if not text.strip():
        return {}
    last = text.rfind("}")
    kept = text[: last + 1] if last >= 0 else text.rstrip()
    lines = kept.splitlines()[:_MAX_LINES]
    return {"line": source.location(start).line or 1, "text": list(map(printable, lines))}


def details(net: Net, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the details of each layer, in the order of the net; all strings are printable."""
    return [
        {
            "name": printable(layer.node.key),
            "type": printable(layer.node.type),
            "family": family(layer),
            "place": printable(shortened(str(layer.node.message.location()), names)),
            "bottoms": _blobs(net, layer.node.bottoms, layer.bottoms),
            "tops": _blobs(net, layer.node.tops, layer.tops),
            "params": _params(layer),
            "macs": layer.macs,
            "backward": needed,
            "windows": windows(layer),
            "field": field(fields),
            "steps": [list(step) for step in formulas(layer)],
            "from": sources,
            "to": readers,
            **lines,
        }
        for layer, needed, fields, sources, readers, lines in zip(
            net.layers,
            net.needs_backward,
            net.fields,
            *_neighbours(net),
            snippets(net),
            strict=True,
        )
    ]


def _neighbours(net: Net) -> tuple[list[list[int]], list[list[int]]]:
    """Return the layers that each layer reads, and its readers; those of a box form a chain."""
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
    named = zip(map(net.blob, blobs), shapes, strict=True)
    return [[printable(name), dims(shape)] for name, shape in named]


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
