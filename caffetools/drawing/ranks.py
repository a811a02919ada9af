"""The graph to lay out, and the row (rank) of each vertex: below all vertices that it reads."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple


class Size(NamedTuple):
    """Size of a vertex on the page."""

    width: float
    height: float


class Wire(NamedTuple):
    """A blob: the vertex that produces it and its readers, without duplicates, in order."""

    source: int
    readers: tuple[int, ...]
    width: float = 0
    """Width of its label, which is placed below the source in a row with those of other wires."""
    named: tuple[int, ...] = ()
    """Further readers, to which no line leads: names at both ends connect them."""


class LayoutGraph(NamedTuple):
    """Vertices and wires; every wire leads from a lower vertex number to higher ones."""

    sizes: tuple[Size, ...]
    wires: tuple[Wire, ...]


def ranks(graph: LayoutGraph) -> list[int]:
    """Return the row of each vertex, from 0.

    A vertex is as high as the vertices that it reads allow. One that reads nothing is directly
    above its readers, and the vertices of a ladder are one below the other.
    """
    count = len(graph.sizes)
    sources: list[list[int]] = [[] for _ in range(count)]
    readers: list[list[int]] = [[] for _ in range(count)]
    for wire in graph.wires:
        readers[wire.source] += (*wire.readers, *wire.named)
        for reader in (*wire.readers, *wire.named):
            sources[reader].append(wire.source)
    found = [0] * count
    for vertex in range(count):
        found[vertex] = max((found[source] + 1 for source in sources[vertex]), default=0)
    for vertex in range(count):
        if not sources[vertex] and readers[vertex]:
            found[vertex] = min(found[reader] for reader in readers[vertex]) - 1
    for ladder in ladders(graph):
        for step, vertex in enumerate(ladder):
            found[vertex] += step
    first = min(found, default=0)
    return [rank - first for rank in found]


def ladders(graph: LayoutGraph) -> list[tuple[int, ...]]:
    """Return the vertices without readers that read the same wires, such as loss and accuracies.

    Wires to two readers cross if the readers are in one row, and do not if one is below the other.
    """
    read: dict[int, list[int]] = defaultdict(list)
    ends = set(range(len(graph.sizes)))
    for index, wire in enumerate(graph.wires):
        if wire.readers or wire.named:
            ends.discard(wire.source)
        for reader in (*wire.readers, *wire.named):
            read[reader].append(index)
    same: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for vertex in sorted(ends):
        if len(read[vertex]) > 1:
            same[tuple(read[vertex])].append(vertex)
    return [tuple(ladder) for ladder in same.values() if len(ladder) > 1]
