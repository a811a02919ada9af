"""Outlines: folded blocks as vertices, and what is inside one."""

from __future__ import annotations

from caffetools.drawing.diagram import Diagram, diagram
from caffetools.drawing.outline import OutlineLink, inside, last_alike, leaving_link, outline
from caffetools.drawing.repeats import Repeat
from tests.drawing.cases import residual
from tests.nets import net

FOLD = Repeat(2, 3, 4)


def drawing() -> Diagram:
    return diagram(net(residual(4)))


def test_without_folds_all_boxes_are_vertices() -> None:
    shown = outline(drawing(), [])
    assert shown.vertices == tuple(range(2 + 3 * 4 + 1))
    assert shown.ties[1] == OutlineLink(1, 1, (2, 4))


def test_a_fold_is_one_vertex() -> None:
    shown = outline(drawing(), [FOLD])
    assert shown.vertices == (0, 1, FOLD, 14)
    assert shown.ties == (
        OutlineLink(0, 0, (1,)),
        OutlineLink(1, 1, (2,)),
        OutlineLink(13, 2, (3,)),
        OutlineLink(14, 3, ()),
    )


def test_inside() -> None:
    shown = inside(drawing(), FOLD)
    assert shown.vertices == (-1, 2, 3, 4, -1)
    # What enters is read by the convolution and by the sum; what the sum makes leaves.
    assert shown.ties == (
        OutlineLink(1, 0, (1, 3)),
        OutlineLink(2, 1, (2,)),
        OutlineLink(3, 2, (3,)),
        OutlineLink(4, 3, (4,)),
    )


def test_the_link_that_leaves() -> None:
    assert leaving_link(drawing(), FOLD) == 4
    assert last_alike(drawing(), FOLD, 4) == 13
