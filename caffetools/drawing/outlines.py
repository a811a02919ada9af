"""A diagram with each repeat as one vertex, and the first block of a repeat on its own."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from caffetools.drawing.diagram import Diagram
from caffetools.drawing.folding import Repeat


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


def outline(drawing: Diagram, found: Sequence[Repeat]) -> Outline:
    """Return the whole diagram with each repeat as one vertex."""
    fold_of = {box: repeat for repeat in found for block in repeat.blocks for box in block}
    vertices: list[int | Repeat] = []
    for box in range(len(drawing.boxes)):
        repeat = fold_of.get(box)
        if repeat is None or box == repeat.blocks[-1][0]:
            vertices.append(box if repeat is None else repeat)
    index_of = {vertex: index for index, vertex in enumerate(vertices)}
    vertex_of = [index_of[fold_of.get(box, box)] for box in range(len(drawing.boxes))]
    exits = {repeat: exit_links(drawing, repeat) for repeat in found}
    links = []
    for index, link in enumerate(drawing.links):
        source = vertex_of[link.source]
        vertex = vertices[source]
        shapes = (index,) if isinstance(vertex, int) else exits[vertex].get(index)
        if shapes is not None:
            readers = dict.fromkeys(vertex_of[reader] for reader in link.readers)
            readers.pop(source, None)
            links.append(OutlineLink(index, source, tuple(readers), shapes))
    return Outline(tuple(vertices), tuple(links))


def block_outline(drawing: Diagram, repeat: Repeat) -> Outline:
    """Return the first block of a repeat, with a vertex for its entry and one for its exit.

    Both are -1; heads have no exit. The exit reads the blob that the next block reads. The blobs
    that enter and leave are labelled outside of the block, the others with their shapes in the
    first and last block.
    """
    members = repeat.blocks[0]
    leaving = set(exit_links(drawing, repeat)) if repeat.heads else {exit_link(drawing, repeat)}
    links = []
    for index, link in enumerate(drawing.links):
        readers = [reader - repeat.start + 1 for reader in link.readers if reader in members]
        if repeat.heads and any(reader in repeat.blocks[1] for reader in link.readers):
            continue  # all heads read it
        if index in leaving and not repeat.heads:
            readers.append(repeat.length + 1)
        if readers or link.source in members:
            source = link.source - repeat.start + 1 if link.source in members else 0
            is_inside = source and index not in leaving
            shapes = (index, in_last_block(drawing, repeat, index)) if is_inside else ()
            links.append(OutlineLink(index, source, tuple(readers), shapes))
    return Outline((-1, *members, *(() if repeat.heads else (-1,))), tuple(links))


def exit_links(drawing: Diagram, repeat: Repeat) -> dict[int, tuple[int, ...]]:
    """Return the links that lead out of a repeat, each with those whose shapes its label shows.

    Those of heads are the links of the first one.
    """
    first = repeat.blocks[0]
    if repeat.times > 1 and not repeat.heads:
        last = in_last_block(drawing, repeat, exit_link(drawing, repeat))
        return {last: (last,)}
    return {
        index: (index, in_last_block(drawing, repeat, index)) if repeat.heads else (index,)
        for index, link in enumerate(drawing.links)
        if link.source in first
        and (any(r not in first for r in link.readers) or (link.is_output and not repeat.heads))
    }


def exit_link(drawing: Diagram, repeat: Repeat) -> int:
    """Return the link from the first block of a repeat to the second."""
    first, second = repeat.blocks[:2]
    return next(
        index
        for index, link in enumerate(drawing.links)
        if link.source in first and any(reader in second for reader in link.readers)
    )


def in_last_block(drawing: Diagram, repeat: Repeat, link: int) -> int:
    """Return the link of the last block that corresponds to `link` of the first."""
    first, last = (
        bisect_left(drawing.links, block[0], key=lambda each: each.source)
        for block in (repeat.blocks[0], repeat.blocks[-1])
    )
    return link - first + last
