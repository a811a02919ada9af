"""Figures and links -> things to draw: laid out, with labels, lines and arrows."""

from __future__ import annotations

from typing import NamedTuple

from caffetools.drawing.graph_layout import Layout, layout
from caffetools.drawing.layer_box import (
    LABEL_DROP,
    LABEL_HEIGHT,
    Label,
    Picture,
    arrow,
    label_items,
)
from caffetools.drawing.scene import Path, SceneGroup, SceneItem
from caffetools.drawing.wiring import LayoutGraph, Size, Wire


class Connection(NamedTuple):
    """A blob between figures."""

    source: int
    readers: tuple[int, ...]
    label: Label | None
    """None for a blob that is told elsewhere."""
    told: str
    data: tuple[tuple[str, str], ...] = ()
    """What scripts find it by."""


def assembled(
    figures: list[Picture],
    connections: list[Connection],
    columns: int | None = None,
    without_arrow: int = -1,
) -> tuple[Layout, list[SceneItem]]:
    """Lay figures out and draw them; no arrow is drawn at the figure `without_arrow`."""
    labelled = {connection.source for connection in connections if connection.label}
    widths = [figure.width for figure in figures]
    for source in labelled:
        row = [c.label.width + 6 for c in connections if c.source == source and c.label]
        widths[source] = max(widths[source], sum(row) - 6)
    drop = LABEL_HEIGHT + LABEL_DROP
    sizes = tuple(
        Size(width, figure.height + (drop if index in labelled else 0))
        for index, (figure, width) in enumerate(zip(figures, widths, strict=True))
    )
    wires = tuple(Wire(c.source, c.readers, c.label.width if c.label else 0) for c in connections)
    found = layout(LayoutGraph(sizes, wires), columns)
    items: list[SceneItem] = []
    for connection, route in zip(connections, found.routes, strict=True):
        parts: list[SceneItem] = [Path(route.moves, "link")] if route.moves else []
        if connection.label:
            parts.extend(label_items(connection.label, *route.start))
        parts.extend(arrow(*end) for reader, end in route.ends if reader != without_arrow)
        items.append(SceneGroup(tuple(parts), connection.told, connection.data))
    for figure, size, (x, y) in zip(figures, sizes, found.corners, strict=True):
        if figure.items:
            items.append(SceneGroup(figure.items, offset=(x + (size.width - figure.width) / 2, y)))
    return found, items
