"""Net -> GraphDrawing: pictures of the layers at their positions, with labels, lines and arrows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from caffetools.drawing.diagram import diagram
from caffetools.drawing.folding import Repeat, namespaces, repeats
from caffetools.drawing.graph_layout import Layout
from caffetools.drawing.graph_painter import Painter, assemble
from caffetools.drawing.outlines import Outline, outline
from caffetools.drawing.ranks import LayoutGraph, Size, Wire, ranks
from caffetools.drawing.scene import SceneItem
from caffetools.net.net import Net

_MOST_ROWS = 12
"""Maximum number of rows that a line passes; names connect what is further apart."""
_NEAR_ROWS = 2
"""The same for the other readers of a blob that names connect to one of them."""


class GraphDrawing(NamedTuple):
    """The graph of a net, without title and legend."""

    layout: Layout
    items: tuple[SceneItem, ...]
    repeats: tuple[Repeat, ...]


def draw_graph(
    net: Net, fold: bool = True, columns: int | None = None, spaces: bool = False
) -> GraphDrawing:
    """Draw the graph of a net.

    Parameters
    ----------
    net
        The net.
    fold
        Draw repeated blocks once.
    columns
        Number of columns, if the graph can be split; by default chosen by the page's proportions.
    spaces
        Draw each namespace, the layers whose names begin with the same `name/`, as one box.
    """
    painter = Painter(net, diagram(net))
    found = repeats(net, painter.drawing) if fold else []
    if spaces:
        found = namespaces(net, painter.drawing)
    shown = outline(painter.drawing, found)
    named = far_readers(shown)
    pictures, connections = painter.parts(shown, named)
    made, items = assemble(pictures, connections, columns)
    crossing = readers_across_columns(shown, made)
    if crossing - named:
        pictures, connections = painter.parts(shown, named | crossing)
        made, items = assemble(pictures, connections, columns, made.firsts)
    return GraphDrawing(made, items, tuple(found))


def far_readers(shown: Outline) -> set[tuple[int, int]]:
    """Return the links with readers many rows below, as pairs of both indices."""
    wires = tuple(Wire(link.source, link.readers) for link in shown.links)
    rank = ranks(LayoutGraph((Size(0, 0),) * len(shown.vertices), wires))
    found = {
        (index, reader)
        for index, link in enumerate(shown.links)
        for reader in link.readers
        if rank[reader] - rank[link.source] > _MOST_ROWS
    }
    return with_others(shown, found, rank)


def with_others(
    shown: Outline, named: set[tuple[int, int]], rank: Sequence[int]
) -> set[tuple[int, int]]:
    """Add the other readers of the links in `named`, without those near the source."""
    links = {index for index, _ in named}
    return named | {
        (index, reader)
        for index in links
        for reader in shown.links[index].readers
        if rank[reader] - rank[shown.links[index].source] > _NEAR_ROWS
    }


def readers_across_columns(shown: Outline, made: Layout) -> set[tuple[int, int]]:
    """Return the links with readers in other columns, as pairs of both indices.

    A line from the last row of a column to the next column is not among them.
    """
    found = set()
    for index, link in enumerate(shown.links):
        rank = made.ranks[link.source]
        column = bisect_right(made.firsts, rank)
        last = rank + 1 in made.firsts
        found |= {
            (index, reader)
            for reader in link.readers
            if bisect_right(made.firsts, made.ranks[reader]) > column + last
        }
    return with_others(shown, found, made.ranks)
