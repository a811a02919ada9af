"""Anchors, against the nine that generate_anchors.py of py-faster-rcnn prints."""

from __future__ import annotations

from caffetools.layers.anchors import anchors, round_half_up


def test_those_of_faster_rcnn() -> None:
    """Ratio 1/2: a width of round(sqrt(512)) = 23, a height of 12, 8 times: 184 x 96."""
    boxes = anchors(16, (0.5, 1, 2), (8, 16, 32))
    assert len(boxes) == 9
    assert boxes[:1] == [(7.5 - 91.5, 7.5 - 47.5, 7.5 + 91.5, 7.5 + 47.5)]
    assert boxes[3::5] == [(-56, -56, 71, 71), (-168, -344, 183, 359)]


def test_rounding() -> None:
    assert (round_half_up(0.5), round_half_up(2.5), round_half_up(2.4)) == (1, 3, 2)
    # A height of 5 * 0.5 = 2.5 is 2 in Python and 3 in C++.
    assert anchors(4, (0.5,), (2,))[0][1] == 1.5 - (3 * 2 - 1) / 2 == -1
    assert anchors(3, (0.5,), (2,))[0][1] == 1 - (2 * 2 - 1) / 2
