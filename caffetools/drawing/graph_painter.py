"""Outlines -> pictures of their vertices, connected and laid out with labels, lines and arrows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from caffetools.drawing.diagram import Diagram
from caffetools.drawing.folding import Repeat
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
    source_names,
)
from caffetools.drawing.layer_text import cost_text, shape_range_text, short_number
from caffetools.drawing.outlines import Outline, OutlineLink, block_outline
from caffetools.drawing.ranks import LayoutGraph, Size, Wire
from caffetools.drawing.scene import Path, Picture, Rect, SceneGroup, SceneItem, Text
from caffetools.drawing.style import fitted, styled_width
from caffetools.net.net import Net

_PADDING = 14.0
_HEADING = 40.0
_BEHIND = 4.0
"""Offset of each of the two frames behind a folded block."""
_LABEL_GAP = 6


class Connection(NamedTuple):
    """A blob between pictures, given by their index."""

    source: int
    readers: tuple[int, ...]
    label: BlobLabel | None
    """None for a blob that is labelled elsewhere."""
    tooltip: str
    data: tuple[tuple[str, str], ...] = ()
    """Attributes by which scripts find it."""
    named: tuple[int, ...] = ()
    """Further readers, to which no line leads."""


def assemble(
    pictures: Sequence[Picture],
    connections: Sequence[Connection],
    columns: int | None = None,
    firsts: Sequence[int] | None = None,
    without_arrow: int = -1,
) -> tuple[Layout, tuple[SceneItem, ...]]:
    """Lay out and connect pictures; no arrow is drawn at the picture `without_arrow`.

    `columns` and `firsts` are those of `layout`.
    """
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
    wires = tuple(
        Wire(c.source, c.readers, c.label.width if c.label else 0, c.named) for c in connections
    )
    found = layout(LayoutGraph(sizes, wires), columns, firsts)
    items: list[SceneItem] = []
    for connection, route in zip(connections, found.routes, strict=True):
        parts: list[SceneItem] = [Path(route.moves, "link")] if route.moves else []
        if connection.label:
            parts.extend(label_items(connection.label, *route.start))
        parts.extend(Rect(x - 2.5, y - 2.5, 5, 5, "arrow", 2.5) for x, y in route.forks)
        parts.extend(arrow_head(*end) for reader, end in route.ends if reader != without_arrow)
        items.append(SceneGroup(tuple(parts), connection.tooltip, connection.data))
    for picture, size, (x, y) in zip(pictures, sizes, found.corners, strict=True):
        if picture.items:
            offset = (x + (size.width - picture.width) / 2, y)
            items.append(SceneGroup(picture.items, offset=offset))
    return found, tuple(items)


class Painter:
    """Draws the vertices and connections of outlines of one net."""

    def __init__(self, net: Net, drawing: Diagram) -> None:
        self.net = net
        self.drawing = drawing
        self.largest = largest_cost(net)
        self.tops: list[list[int]] = [[] for _ in drawing.boxes]
        for index, link in enumerate(drawing.links):
            self.tops[link.source].append(index)

    def parts(
        self,
        shown: Outline,
        named: Collection[tuple[int, int]] = (),
        repeat: Repeat | None = None,
    ) -> tuple[list[Picture], list[Connection]]:
        """Draw the parts of the whole graph, or of the first block of a repeat.

        Names instead of a line connect the pairs of link and reader in `named`.
        """
        sources: list[list[str]] = [[] for _ in shown.vertices]
        onward: list[list[int]] = [[] for _ in shown.links]
        for index, reader in sorted(named):
            onward[index].append(reader)
            sources[reader].append(self.source_name(shown.links[index].link))
        connections = [
            self.connection(link, tuple(readers), [self.name(shown.vertices[r]) for r in readers])
            for link, readers in zip(shown.links, onward, strict=True)
        ]
        labels: list[list[float]] = [[] for _ in shown.vertices]
        for each in connections:
            if each.label:
                labels[each.source].append(each.label.width + _LABEL_GAP)
        pictures = [
            self.picture(vertex, tuple(names), sum(widths) if len(widths) > 1 else 0, repeat)
            for vertex, names, widths in zip(shown.vertices, sources, labels, strict=True)
        ]
        return pictures, connections

    def picture(
        self,
        vertex: int | Repeat,
        sources: tuple[str, ...],
        min_width: float,
        repeat: Repeat | None,
    ) -> Picture:
        """Draw a box, a folded repeat, or the empty entry or exit of a block (-1).

        A box of a repeat also has the options of its last block, if they differ.
        """
        if isinstance(vertex, Repeat):
            return self.folded(vertex, sources) if vertex.times > 1 else self.space(vertex, sources)
        if vertex < 0:
            return Picture(0, 0, ())
        box = self.drawing.boxes[vertex]
        last = vertex - repeat.start + repeat.blocks[-1][0] if repeat else vertex
        ends = self.drawing.boxes[last]
        return box_picture(self.net, box, self.largest, round(min_width), sources, ends)

    def name(self, vertex: int | Repeat) -> str:
        """Return the name of the first layer of a vertex."""
        box = vertex.start if isinstance(vertex, Repeat) else vertex
        node = self.net.known_layers[self.drawing.boxes[box].layers[0]].node
        times = f"{vertex.times} × " if isinstance(vertex, Repeat) and vertex.heads else ""
        return f"{times}{node.key or node.type}"

    def source_name(self, index: int) -> str:
        """Return the name of the box that produces a blob, or of the blob if it has several."""
        link = self.drawing.links[index]
        return link.name if len(self.tops[link.source]) > 1 else self.name(link.source)

    def label(self, index: int, shapes: tuple[int, ...], onward: Sequence[str]) -> BlobLabel:
        """Return the label of a link, with the shapes of others and the readers it names."""
        link = self.drawing.links[index]
        text = shape_range_text([self.drawing.links[each].shape for each in shapes])
        return blob_label(link, len(self.tops[link.source]) > 1, text, onward)

    def connection(
        self, shown: OutlineLink, named: tuple[int, ...], onward: Sequence[str]
    ) -> Connection:
        """Return a link as a connection, by lines to the readers that are not `named`."""
        link = self.drawing.links[shown.link]
        label = self.label(shown.link, shown.shapes, onward) if shown.shapes else None
        near = tuple(reader for reader in shown.readers if reader not in named)
        readers = [self.drawing.boxes[reader].layers[0] for reader in link.readers]
        source = self.drawing.boxes[link.source].layers[0]
        tooltip = link_tooltip(link, [self.net.known_layers[reader].node.key for reader in readers])
        ends = (("from", str(source)), ("to", " ".join(map(str, readers))))
        return Connection(shown.source, near, label, tooltip, (("blob", link.name), *ends), named)

    def folded(self, block: Repeat, sources: tuple[str, ...]) -> Picture:
        """Draw the first block of a repeat in a frame, entered and left in the middle."""
        pictures, connections = self.parts(block_outline(self.drawing, block), repeat=block)
        leaving = -1 if block.heads else len(pictures) - 1
        inner, items = assemble(pictures, connections, 1, without_arrow=leaving)
        title, subtitle = self.heading(block)
        entry = inner.corners[0][0]
        heading = max(styled_width(title, "frame-title"), styled_width(subtitle, "detail"))
        names = source_names(sources)
        half = max(entry, inner.width - entry, heading / 2, names.width / 2)
        top = _HEADING + names.height
        width, height = round(2 * (half + _PADDING)), inner.height + top
        height += _PADDING if block.heads else 0
        parts = (
            Rect(2 * _BEHIND, 2 * _BEHIND, width, height, "frame-behind", 8),
            Rect(_BEHIND, _BEHIND, width, height, "frame-behind", 8),
            Rect(0, 0, width, height, "frame", 8),
            SceneGroup(items, offset=(width / 2 - entry, top)),
            SceneGroup(names.items, offset=(_PADDING, _HEADING)),
            Text(_PADDING, 17, title, "frame-title"),
            Text(_PADDING, 31, subtitle, "detail"),
        )
        data = (("layers", " ".join(map(str, self.layers(block)))), ("count", str(block.times)))
        group = SceneGroup(parts, f"{title}\n{subtitle}", data, offset=(2 * _BEHIND, 0))
        return Picture(width + 4 * _BEHIND, height + 2 * _BEHIND, (group,))

    def space(self, block: Repeat, sources: tuple[str, ...]) -> Picture:
        """Draw a folded namespace: its name, its layers and their cost."""
        indices = self.layers(block)
        layers = [self.net.known_layers[layer] for layer in indices]
        name = layers[0].node.key.split("/")[0]
        lines = (
            (fitted(f"{name}/", "frame-title", 230), "frame-title"),
            (f"{len(layers)} layers", "type"),
            (cost_text(layers, short_number), "detail"),
        )
        names = source_names(sources)
        width = max(*(styled_width(*line) for line in lines), names.width) + 2 * _PADDING
        height = 64 + names.height
        parts: tuple[SceneItem, ...] = (
            Rect(0, 0, width, height, "frame", 8),
            SceneGroup(names.items, offset=((width - names.width) / 2, 8)),
            *(
                Text(width / 2, names.height + 20 + 16 * row, text, style, "middle")
                for row, (text, style) in enumerate(lines)
            ),
        )
        data = (("layers", " ".join(map(str, indices))), ("namespace", name))
        title = ", ".join(layer.node.key for layer in layers)
        return Picture(width, height, (SceneGroup(parts, title, data),))

    def layers(self, block: Repeat) -> list[int]:
        """Return the layers of all blocks of a repeat."""
        boxes = [self.drawing.boxes[box] for each in block.blocks for box in each]
        return [layer for box in boxes for layer in box.layers]

    def heading(self, block: Repeat) -> tuple[str, str]:
        """Return the two lines above a folded repeat."""
        layers = [self.net.known_layers[layer] for layer in self.layers(block)]
        first, last = (
            fitted(self.name(box), "frame-title", 130)
            for box in (block.start, block.blocks[-1][-1])
        )
        return f"{block.times} ×  {first} … {last}", f"in all {cost_text(layers, short_number)}"
