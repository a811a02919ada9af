"""Net -> GraphDrawing: pictures of the layers at their positions, with labels, lines and arrows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from caffetools.drawing.diagram import Diagram, diagram
from caffetools.drawing.folding import Outline, OutlineLink, Repeat, block_outline, outline, repeats
from caffetools.drawing.graph_layout import Layout, layout
from caffetools.drawing.layer_box import (
    LABEL_DROP,
    LABEL_HEIGHT,
    BlobLabel,
    arrow_head,
    blob_label,
    box_picture,
    label_items,
    largest_cost,
    link_tooltip,
)
from caffetools.drawing.layer_text import cost_text, shape_range_text, short_number
from caffetools.drawing.ranks import LayoutGraph, Size, Wire
from caffetools.drawing.scene import Path, Picture, Rect, SceneGroup, SceneItem, Text
from caffetools.drawing.style import fitted, styled_width
from caffetools.net.net import Net

_PADDING = 14.0
_HEADING = 40.0
_BEHIND = 4.0
"""Offset of each of the two frames behind a folded block."""
_LABEL_GAP = 6


class GraphDrawing(NamedTuple):
    """The graph of a net, without title and legend."""

    layout: Layout
    items: tuple[SceneItem, ...]
    repeats: tuple[Repeat, ...]


class Connection(NamedTuple):
    """A blob between pictures, given by their index."""

    source: int
    readers: tuple[int, ...]
    label: BlobLabel | None
    """None for a blob that is labelled elsewhere."""
    tooltip: str
    data: tuple[tuple[str, str], ...] = ()
    """Attributes by which scripts find it."""


def draw_graph(net: Net, fold: bool = True, columns: int | None = None) -> GraphDrawing:
    """Draw the graph of a net.

    Parameters
    ----------
    net
        The net.
    fold
        Draw repeated blocks once.
    columns
        Number of columns, if the graph can be split; by default chosen by the page's proportions.
    """
    painter = _Painter(net, diagram(net))
    found = repeats(net, painter.drawing) if fold else []
    pictures, connections = painter.parts(outline(painter.drawing, found))
    made, items = assemble(pictures, connections, columns)
    return GraphDrawing(made, items, tuple(found))


def assemble(
    pictures: Sequence[Picture],
    connections: Sequence[Connection],
    columns: int | None = None,
    without_arrow: int = -1,
) -> tuple[Layout, tuple[SceneItem, ...]]:
    """Lay out and connect pictures; no arrow is drawn at the picture `without_arrow`."""
    label_widths: dict[int, float] = {}  # of all labels below a picture
    for connection in connections:
        if connection.label:
            used = label_widths.get(connection.source, -_LABEL_GAP)
            label_widths[connection.source] = used + connection.label.width + _LABEL_GAP
    drop = LABEL_HEIGHT + LABEL_DROP
    sizes = tuple(
        Size(
            max(picture.width, label_widths.get(index, 0)),
            picture.height + (drop if index in label_widths else 0),
        )
        for index, picture in enumerate(pictures)
    )
    wires = tuple(Wire(c.source, c.readers, c.label.width if c.label else 0) for c in connections)
    found = layout(LayoutGraph(sizes, wires), columns)
    items: list[SceneItem] = []
    for connection, route in zip(connections, found.routes, strict=True):
        parts: list[SceneItem] = [Path(route.moves, "link")] if route.moves else []
        if connection.label:
            parts.extend(label_items(connection.label, *route.start))
        parts.extend(arrow_head(*end) for reader, end in route.ends if reader != without_arrow)
        items.append(SceneGroup(tuple(parts), connection.tooltip, connection.data))
    for picture, size, (x, y) in zip(pictures, sizes, found.corners, strict=True):
        if picture.items:
            offset = (x + (size.width - picture.width) / 2, y)
            items.append(SceneGroup(picture.items, offset=offset))
    return found, tuple(items)


class _Painter:
    """Draws the vertices and connections of outlines of one net."""

    def __init__(self, net: Net, drawing: Diagram) -> None:
        self.net = net
        self.drawing = drawing
        self.largest = largest_cost(net)
        self.tops: list[list[int]] = [[] for _ in drawing.boxes]
        for index, link in enumerate(drawing.links):
            self.tops[link.source].append(index)

    def parts(self, shown: Outline) -> tuple[list[Picture], list[Connection]]:
        """Draw the parts of the whole graph, or of a block."""
        pictures = [self.picture(vertex) for vertex in shown.vertices]
        return pictures, [self.connection(link) for link in shown.links]

    def picture(self, vertex: int | Repeat) -> Picture:
        """Draw a box, a folded repeat, or the empty entry or exit of a block (-1)."""
        if isinstance(vertex, Repeat):
            return self.folded(vertex)
        if vertex < 0:
            return Picture(0, 0, ())
        labels = [self.label(link, (link,)).width + _LABEL_GAP for link in self.tops[vertex]]
        min_width = round(sum(labels)) if len(labels) > 1 else 0
        return box_picture(self.net, self.drawing.boxes[vertex], self.largest, min_width)

    def label(self, index: int, shapes: tuple[int, ...]) -> BlobLabel:
        link = self.drawing.links[index]
        text = shape_range_text([self.drawing.links[each].shape for each in shapes])
        return blob_label(link, len(self.tops[link.source]) > 1, text)

    def connection(self, shown: OutlineLink) -> Connection:
        link = self.drawing.links[shown.link]
        label = self.label(shown.link, shown.shapes) if shown.shapes else None
        readers = [self.drawing.boxes[reader].layers[0] for reader in link.readers]
        source = self.drawing.boxes[link.source].layers[0]
        tooltip = link_tooltip(link, [self.net.layers[reader].node.key for reader in readers])
        ends = (("from", str(source)), ("to", " ".join(map(str, readers))))
        return Connection(shown.source, shown.readers, label, tooltip, (("blob", link.name), *ends))

    def folded(self, block: Repeat) -> Picture:
        """Draw the first block of a repeat in a frame, entered and left in the middle."""
        pictures, connections = self.parts(block_outline(self.drawing, block))
        inner, items = assemble(pictures, connections, 1, without_arrow=len(pictures) - 1)
        boxes = self.drawing.boxes[block.start : block.end]
        title, subtitle = self.heading(block)
        entry = inner.corners[0][0]
        heading = max(styled_width(title, "frame-title"), styled_width(subtitle, "detail"))
        half = max(entry, inner.width - entry, heading / 2)
        width, height = round(2 * (half + _PADDING)), inner.height + _HEADING
        parts = (
            Rect(2 * _BEHIND, 2 * _BEHIND, width, height, "frame-behind", 8),
            Rect(_BEHIND, _BEHIND, width, height, "frame-behind", 8),
            Rect(0, 0, width, height, "frame", 8),
            SceneGroup(items, offset=(width / 2 - entry, _HEADING)),
            Text(_PADDING, 17, title, "frame-title"),
            Text(_PADDING, 31, subtitle, "detail"),
        )
        layers = " ".join(str(layer) for box in boxes for layer in box.layers)
        data = (("layers", layers), ("count", str(block.times)))
        group = SceneGroup(parts, f"{title}\n{subtitle}", data, offset=(2 * _BEHIND, 0))
        return Picture(width + 4 * _BEHIND, height + 2 * _BEHIND, (group,))

    def heading(self, block: Repeat) -> tuple[str, str]:
        """Return the two lines above a folded repeat."""
        boxes = self.drawing.boxes[block.start : block.end]
        layers = [self.net.layers[layer] for box in boxes for layer in box.layers]
        first, last = (
            fitted(layer.node.key, "frame-title", 130)
            for layer in (layers[0], self.net.layers[boxes[-1].layers[0]])
        )
        return f"{block.times} ×  {first} … {last}", f"in all {cost_text(layers, short_number)}"
