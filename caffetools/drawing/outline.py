"""Which vertices and ties a drawing has once repeated blocks are folded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from caffetools.drawing.diagram import Diagram
from caffetools.drawing.repeats import Repeat


class OutlineLink(NamedTuple):
    """A link between the vertices of an outline."""

    link: int
    """Its index in the diagram."""
    source: int
    readers: tuple[int, ...]


class Outline(NamedTuple):
    """What is drawn: boxes by their index in the diagram, and folded blocks."""

    vertices: tuple[int | Repeat, ...]
    ties: tuple[OutlineLink, ...]


def outline(drawing: Diagram, folds: Sequence[Repeat]) -> Outline:
    """The whole diagram, each fold as one vertex."""
    fold_at = {fold.start: fold for fold in folds}
    leaving = {fold: last_alike(drawing, fold, leaving_link(drawing, fold)) for fold in folds}
    vertices: list[int | Repeat] = []
    number: list[int] = []  # of each box: its vertex
    while len(number) < len(drawing.boxes):
        fold = fold_at.get(len(number))
        number.extend([len(vertices)] * (fold.length * fold.times if fold else 1))
        vertices.append(fold or len(number) - 1)
    ties = []
    for index, link in enumerate(drawing.links):
        source = number[link.source]
        vertex = vertices[source]
        if isinstance(vertex, int) or leaving[vertex] == index:
            readers = dict.fromkeys(number[reader] for reader in link.readers)
            readers.pop(source, None)
            ties.append(OutlineLink(index, source, tuple(readers)))
    return Outline(tuple(vertices), tuple(ties))


def inside(drawing: Diagram, fold: Repeat) -> Outline:
    """The first block of a fold: a vertex for its entry (-1), its boxes, and one for its exit (-1).

    The blob that leaves it is read by the last.
    """
    members = range(fold.start, fold.start + fold.length)
    leaving = leaving_link(drawing, fold)
    ties = []
    for index, link in enumerate(drawing.links):
        readers = [reader - fold.start + 1 for reader in link.readers if reader in members]
        if index == leaving:
            readers.append(fold.length + 1)
        if link.source in members:
            ties.append(OutlineLink(index, link.source - fold.start + 1, tuple(readers)))
        elif readers:
            ties.append(OutlineLink(index, 0, tuple(readers)))
    return Outline((-1, *members, -1), tuple(ties))


def leaving_link(drawing: Diagram, fold: Repeat) -> int:
    """The link by which the first block of a fold leads to the second."""
    second = range(fold.start + fold.length, fold.start + 2 * fold.length)
    return next(
        index
        for index, link in enumerate(drawing.links)
        if fold.start <= link.source < second.start
        and any(reader in second for reader in link.readers)
    )


def _ahead(drawing: Diagram, fold: Repeat) -> int:
    """How far a link of the last block stands behind its like of the first."""
    first = range(fold.start, fold.start + fold.length)
    return (fold.times - 1) * sum(link.source in first for link in drawing.links)


def last_alike(drawing: Diagram, fold: Repeat, link: int) -> int:
    """The link of the last block that is what `link` is in the first."""
    return link + _ahead(drawing, fold)
