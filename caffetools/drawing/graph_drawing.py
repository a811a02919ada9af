"""A net -> the picture of its whole graph."""

from __future__ import annotations

from typing import NamedTuple

from caffetools.drawing.assembly import Connection, assembled
from caffetools.drawing.diagram import Diagram, diagram
from caffetools.drawing.font_metrics import elided, text_width
from caffetools.drawing.graph_layout import Layout
from caffetools.drawing.layer_box import (
    Label,
    LargestCost,
    Picture,
    box_figure,
    label,
    link_told,
    scale,
)
from caffetools.drawing.layer_text import extents_of_all, short
from caffetools.drawing.outline import (
    Outline,
    OutlineLink,
    inside,
    last_alike,
    leaving_link,
    outline,
)
from caffetools.drawing.repeats import Repeat, folds
from caffetools.drawing.scene import Rect, SceneGroup, SceneItem, Text
from caffetools.drawing.style import STYLES
from caffetools.net.net import Net

_PADDING = 14.0
_HEADING = 40.0
_BEHIND = 4.0
"""By how much each of the two frames behind a folded block is moved."""


class GraphDrawing(NamedTuple):
    """A net's graph laid out and drawn, without anything around it."""

    layout: Layout
    items: tuple[SceneItem, ...]
    folds: tuple[Repeat, ...]


def graph(net: Net, fold: bool = True, columns: int | None = None) -> GraphDrawing:
    """Draw the graph of a net: repeated blocks once with `fold`, in so many columns if told."""
    painter = _Painter(net, diagram(net))
    repeated = folds(net, painter.drawing) if fold else []
    shown = outline(painter.drawing, repeated)
    figures = [painter.figure(vertex) for vertex in shown.vertices]
    connections = [painter.connection(tie, shown) for tie in shown.ties]
    found, items = assembled(figures, connections, columns)
    return GraphDrawing(found, tuple(items), tuple(repeated))


class _Painter:
    def __init__(self, net: Net, drawing: Diagram) -> None:
        self.net = net
        self.drawing = drawing
        self.scale: LargestCost = scale(net)
        self.tops: list[list[int]] = [[] for _ in drawing.boxes]
        for index, link in enumerate(drawing.links):
            self.tops[link.source].append(index)

    def figure(self, vertex: int | Repeat) -> Picture:
        if isinstance(vertex, Repeat):
            return self.block(vertex)
        if vertex < 0:
            return Picture(0, 0, ())
        labels = [self.label(link).width + 6 for link in self.tops[vertex]]
        least = round(sum(labels)) if len(labels) > 1 else 0
        return box_figure(self.net, self.drawing.boxes[vertex], self.scale, least)

    def label(self, link: int) -> Label:
        found = self.drawing.links[link]
        return label(found, named=len(self.tops[found.source]) > 1)

    def connection(self, tie: OutlineLink, shown: Outline) -> Connection:
        made = self.label(tie.link)
        return Connection(tie.source, tie.readers, made, *self.told(tie.link))

    def told(self, link: int) -> tuple[str, tuple[tuple[str, str], ...]]:
        """A link in words, and what scripts find it by: its name and the layers at its ends."""
        found = self.drawing.links[link]
        readers = [self.drawing.boxes[reader].layers[0] for reader in found.readers]
        source = self.drawing.boxes[found.source].layers[0]
        words = link_told(found, [self.net.layers[reader].node.key for reader in readers])
        ends = (("from", str(source)), ("to", " ".join(map(str, readers))))
        return words, (("blob", found.name), *ends)

    def block(self, fold: Repeat) -> Picture:
        """A repeated block: the first in a frame, with how often it stands there."""
        shown = inside(self.drawing, fold)
        figures = [self.figure(vertex) for vertex in shown.vertices]
        connections = [self.inner_connection(tie, fold) for tie in shown.ties]
        found, items = assembled(figures, connections, 1, without_arrow=len(figures) - 1)
        return self.framed(fold, found, tuple(items))

    def inner_connection(self, tie: OutlineLink, fold: Repeat) -> Connection:
        """A connection within a block; what enters and leaves is labelled outside."""
        link = self.drawing.links[tie.link]
        made = None
        if tie.source and tie.link != leaving_link(self.drawing, fold):
            last = self.drawing.links[last_alike(self.drawing, fold, tie.link)]
            shape = extents_of_all([link.shape, last.shape])
            made = label(link, len(self.tops[link.source]) > 1, shape)
        return Connection(tie.source, tie.readers, made, *self.told(tie.link))

    def framed(self, fold: Repeat, inner: Layout, items: tuple[SceneItem, ...]) -> Picture:
        """The block's drawing in its frame, entered and left in the middle."""
        title, told = self.heading(fold)
        entry = inner.corners[0][0]
        heading = max(
            text_width(text, STYLES[style].size, STYLES[style].bold)
            for text, style in ((title, "frame-title"), (told, "detail"))
        )
        half = max(entry, inner.width - entry, heading / 2)
        width, height = round(2 * (half + _PADDING)), inner.height + _HEADING
        parts: tuple[SceneItem, ...] = (
            *(
                Rect(behind, behind, width, height, "frame-behind", 8)
                for behind in (2 * _BEHIND, _BEHIND)
            ),
            Rect(0, 0, width, height, "frame", 8),
            SceneGroup(items, offset=(width / 2 - entry, _HEADING)),
            Text(_PADDING, 17, title, "frame-title"),
            Text(_PADDING, 31, told, "detail"),
        )
        boxes = self.drawing.boxes[fold.start : fold.end]
        layers = " ".join(str(layer) for box in boxes for layer in box.layers)
        data = (("layers", layers), ("count", str(fold.times)))
        group = SceneGroup(parts, f"{title}\n{told}", data, offset=(2 * _BEHIND, 0))
        return Picture(width + 4 * _BEHIND, height + 2 * _BEHIND, (group,))

    def heading(self, fold: Repeat) -> tuple[str, str]:
        boxes = self.drawing.boxes[fold.start : fold.end]
        layers = [self.net.layers[layer] for box in boxes for layer in box.layers]
        first, last = (
            elided(" ".join(layer.node.key.split()), 130, STYLES["frame-title"].size, bold=True)
            for layer in (layers[0], self.net.layers[boxes[-1].layers[0]])
        )
        params = short(sum(layer.owned_params for layer in layers))
        macs = short(sum(layer.macs or 0 for layer in layers))
        return (
            f"{fold.times} ×  {first} … {last}",
            f"in all {params} parameters, {macs} multiply-accumulates",
        )
