"""Which row of the drawing each vertex stands in: below all that it reads."""

from __future__ import annotations

from collections import defaultdict

from caffetools.drawing.wiring import LayoutGraph


def ranks(wiring: LayoutGraph) -> list[int]:
    """The row of each vertex, from 0.

    A vertex stands as high as what it reads lets it, but one that reads nothing close above its
    readers, and the rungs of a ladder one below the other.
    """
    count = len(wiring.sizes)
    sources: list[list[int]] = [[] for _ in range(count)]
    readers: list[list[int]] = [[] for _ in range(count)]
    for wire in wiring.wires:
        readers[wire.source].extend(wire.readers)
        for reader in wire.readers:
            sources[reader].append(wire.source)
    found = [0] * count
    for vertex in range(count):
        found[vertex] = max((found[source] + 1 for source in sources[vertex]), default=0)
    for vertex in range(count):
        if not sources[vertex] and readers[vertex]:
            found[vertex] = min(found[reader] for reader in readers[vertex]) - 1
    for rungs in ladders(wiring):
        for step, vertex in enumerate(rungs):
            found[vertex] += step
    first = min(found, default=0)
    return [rank - first for rank in found]


def ladders(wiring: LayoutGraph) -> list[tuple[int, ...]]:
    """Vertices that end the net and read the same two wires or more, such as a loss and accuracies.

    Side by side their wires would have to cross; one below the other they stand between them.
    """
    read: dict[int, list[int]] = defaultdict(list)
    ends = set(range(len(wiring.sizes)))
    for index, wire in enumerate(wiring.wires):
        if wire.readers:
            ends.discard(wire.source)
        for reader in wire.readers:
            read[reader].append(index)
    alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for vertex in sorted(ends):
        if len(read[vertex]) > 1:
            alike[tuple(read[vertex])].append(vertex)
    return [tuple(rungs) for rungs in alike.values() if len(rungs) > 1]
