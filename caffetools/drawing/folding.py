"""Find equal blocks that follow each other, and replace them by one vertex of the drawing.

An example are the 35 blocks of a stage of ResNet-152. Blocks are equal if their layers have the
same types, options and connections, and the same spatial sizes; the number of channels may differ
from block to block, as in a DenseNet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from caffetools.drawing.diagram import Diagram
from caffetools.net.blocks import Block, Step, repeated_runs
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.proto.message import Message

_MIN_TIMES = 3
"""Minimum number of blocks to fold."""
_MIN_SAVED = 6
"""Minimum number of boxes that folding saves."""

_IDENTITY_FIELDS = {"name", "bottom", "top", "param"}
"""Fields that identify a layer and do not change what it computes."""


class Repeat(NamedTuple):
    """`times` equal blocks of `length` boxes each, from the box `start` on."""

    start: int
    length: int
    times: int

    @property
    def end(self) -> int:
        """First box after the blocks."""
        return self.start + self.length * self.times


class OutlineLink(NamedTuple):
    """A link between the vertices of an outline."""

    link: int
    """Its index in the diagram."""
    source: int
    readers: tuple[int, ...]
    shapes: tuple[int, ...]
    """The links whose shapes its label shows; none for a blob that is labelled elsewhere."""


class Outline(NamedTuple):
    """Vertices and links to draw; a vertex is the index of a box, or a folded repeat."""

    vertices: tuple[int | Repeat, ...]
    links: tuple[OutlineLink, ...]


def repeats(net: Net, drawing: Diagram) -> list[Repeat]:
    """Return the repeated blocks of a net from top to bottom, without nesting.

    Each block reads one blob from above it and produces one that is read below it.
    """
    candidates: dict[int, list[Repeat]] = defaultdict(list)
    for block in repeated_runs(_steps(net, drawing), frozenset()):
        if block.entries == len(block.exits) == 1:
            for start in block.starts:
                times = _times(drawing, block, start)
                if times >= _MIN_TIMES and (times - 1) * block.length >= _MIN_SAVED:
                    candidates[start].append(Repeat(start, block.length, times))
    found = []
    start = 0
    while start < len(drawing.boxes):
        best = max(
            candidates[start],
            key=lambda repeat: (repeat.end - repeat.start - repeat.length, -repeat.length),
            default=None,
        )
        start = start + 1 if best is None else best.end
        if best is not None:
            found.append(best)
    return found


def _times(drawing: Diagram, block: Block, start: int) -> int:
    """Return how often a block follows itself, each one read by the next one alone."""
    ((leaving, index),) = block.exits
    times, starts = 1, frozenset(block.starts)
    while (end := start + times * block.length) in starts:
        box = end - block.length + leaving
        link = [link for link in drawing.links if link.source == box][index]
        if link.readers[-1] >= end + block.length:
            break
        times += 1
    return times


def _steps(net: Net, drawing: Diagram) -> list[Step]:
    """Return the boxes as steps, their links as values."""
    reads: dict[int, list[int]] = defaultdict(list)
    writes: dict[int, list[int]] = defaultdict(list)
    for index, link in enumerate(drawing.links):
        writes[link.source].append(index)
        for reader in link.readers:
            reads[reader].append(index)
    return [
        Step(
            (
                tuple(_layer_signature(net.known_layers[layer]) for layer in inside.layers),
                tuple(drawing.links[link].is_output for link in writes[box]),
            ),
            tuple(reads[box]),
            tuple(writes[box]),
        )
        for box, inside in enumerate(drawing.boxes)
    ]


def _layer_signature(layer: InferredLayer) -> Hashable:
    sizes = tuple(shape[2:] if shape else shape for shape in (*layer.bottoms, *layer.tops))
    owners = tuple(blob.owner for blob in layer.params)
    return layer.node.type, sizes, owners, _options(layer.node.message)


def _options(message: Message) -> Hashable:
    return tuple(
        (name, tuple(_options(v) if isinstance(v, Message) else v for v in message.all(name)))
        for name in sorted(message.fields)
        if name not in _IDENTITY_FIELDS
    )


def outline(drawing: Diagram, found: Sequence[Repeat]) -> Outline:
    """Return the whole diagram with each repeat as one vertex."""
    repeat_at = {repeat.start: repeat for repeat in found}
    exits = {repeat: in_last_block(drawing, repeat, exit_link(drawing, repeat)) for repeat in found}
    vertices: list[int | Repeat] = []
    vertex_of: list[int] = []  # by box
    while len(vertex_of) < len(drawing.boxes):
        repeat = repeat_at.get(len(vertex_of))
        vertex_of.extend([len(vertices)] * (repeat.length * repeat.times if repeat else 1))
        vertices.append(repeat or len(vertex_of) - 1)
    links = []
    for index, link in enumerate(drawing.links):
        source = vertex_of[link.source]
        vertex = vertices[source]
        if isinstance(vertex, int) or exits[vertex] == index:
            readers = dict.fromkeys(vertex_of[reader] for reader in link.readers)
            readers.pop(source, None)
            links.append(OutlineLink(index, source, tuple(readers), (index,)))
    return Outline(tuple(vertices), tuple(links))


def block_outline(drawing: Diagram, repeat: Repeat) -> Outline:
    """Return the first block of a repeat, with a vertex for its entry and one for its exit.

    Both are -1. The exit reads the blob that the next block reads. The blobs that enter and leave
    are labelled outside of the block, the others with their shapes in the first and last block.
    """
    members = range(repeat.start, repeat.start + repeat.length)
    leaving = exit_link(drawing, repeat)
    links = []
    for index, link in enumerate(drawing.links):
        readers = [reader - repeat.start + 1 for reader in link.readers if reader in members]
        if index == leaving:
            readers.append(repeat.length + 1)
        if readers or link.source in members:
            source = link.source - repeat.start + 1 if link.source in members else 0
            is_inside = source and index != leaving
            shapes = (index, in_last_block(drawing, repeat, index)) if is_inside else ()
            links.append(OutlineLink(index, source, tuple(readers), shapes))
    return Outline((-1, *members, -1), tuple(links))


def exit_link(drawing: Diagram, repeat: Repeat) -> int:
    """Return the link from the first block of a repeat to the second."""
    second = range(repeat.start + repeat.length, repeat.start + 2 * repeat.length)
    return next(
        index
        for index, link in enumerate(drawing.links)
        if repeat.start <= link.source < second.start
        and any(reader in second for reader in link.readers)
    )


def in_last_block(drawing: Diagram, repeat: Repeat, link: int) -> int:
    """Return the link of the last block that corresponds to `link` of the first."""
    first = range(repeat.start, repeat.start + repeat.length)
    return link + (repeat.times - 1) * sum(other.source in first for other in drawing.links)
