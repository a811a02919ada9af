"""Diagrams with repeats as vertices, and what is inside of one."""

from __future__ import annotations

from caffetools.drawing.diagram import Diagram, diagram
from caffetools.drawing.folding import Repeat
from caffetools.drawing.outlines import (
    OutlineLink,
    block_outline,
    exit_link,
    exit_links,
    in_last_block,
    outline,
)
from tests.drawing.cases import detector, residual
from tests.nets import net

FOLD = Repeat(2, 3, 4)


def drawing() -> Diagram:
    return diagram(net(residual(4)))


def test_without_folds_all_boxes_are_vertices() -> None:
    shown = outline(drawing(), [])
    assert shown.vertices == tuple(range(2 + 3 * 4 + 1))
    assert shown.links[1] == OutlineLink(1, 1, (2, 4), (1,))


def test_a_fold_is_one_vertex() -> None:
    shown = outline(drawing(), [FOLD])
    assert shown.vertices == (0, 1, FOLD, 14)
    assert shown.links == (
        OutlineLink(0, 0, (1,), (0,)),
        OutlineLink(1, 1, (2,), (1,)),
        OutlineLink(13, 2, (3,), (13,)),
        OutlineLink(14, 3, (), (14,)),
    )


def test_inside() -> None:
    shown = block_outline(drawing(), FOLD)
    assert shown.vertices == (-1, 2, 3, 4, -1)
    # What enters is read by the convolution and by the sum; what the sum makes leaves.
    assert shown.links == (
        OutlineLink(1, 0, (1, 3), ()),
        OutlineLink(2, 1, (2,), (2, 11)),
        OutlineLink(3, 2, (3,), (3, 12)),
        OutlineLink(4, 3, (4,), ()),
    )


def test_the_link_that_leaves() -> None:
    assert exit_link(drawing(), FOLD) == 4
    assert in_last_block(drawing(), FOLD, 4) == 13


# Boxes: data, c0 to c2, then loc, p, flat and prior of each head, then two Concats.
HEADS = Repeat(4, 4, 3, heads=(4, 8, 12))


def test_heads_are_one_vertex_below_all_that_they_read() -> None:
    drawn = diagram(net(detector(3)))
    shown = outline(drawn, [HEADS])
    assert shown.vertices == (0, 1, 2, 3, HEADS, 16, 17)
    assert [link.readers for link in shown.links[:4]] == [(1, 4), (2, 4), (3, 4), (4,)]
    # flat and prior of the first head, with the shapes of the last one
    assert exit_links(drawn, HEADS) == {6: (6, 14), 7: (7, 15)}
    assert [(link.source, link.readers) for link in shown.links[4:6]] == [(4, (5,)), (4, (6,))]


def test_inside_a_head() -> None:
    shown = block_outline(diagram(net(detector(3))), HEADS)
    assert shown.vertices == (-1, 4, 5, 6, 7)
    assert shown.links == (
        OutlineLink(1, 0, (1, 4), ()),  # c0; data, which all heads read, is left out
        OutlineLink(4, 1, (2,), (4, 12)),
        OutlineLink(5, 2, (3,), (5, 13)),
        OutlineLink(6, 3, (), ()),
        OutlineLink(7, 4, (), ()),
    )
