from __future__ import annotations

import numpy as np
import pytest

from caffetools.figures.image_sheet import Mark, Picture, image_sheet

MARKS = (Mark(1, "cat", (0.25, 0.25, 0.75, 1)), Mark(9, "$x_", (0, 0, 1, 1), True))
PICTURE = Picture("a $b", np.zeros((8, 12, 3), np.uint8), MARKS)
GREY = Picture("grey", np.full((12, 8), 200, np.uint8))


@pytest.mark.parametrize(("form", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?")])
def test_forms(form: str, start: bytes) -> None:
    assert image_sheet([PICTURE, GREY], form).startswith(start)


def test_boxes_and_their_names() -> None:
    drawn = image_sheet([PICTURE], "svg").decode()
    assert drawn.count("<image ") == 1
    assert image_sheet([PICTURE._replace(marks=())], "svg").decode() != drawn
    for text in ("cat", "$x_", "a $b"):
        assert f"<!-- {text} -->" in drawn


def test_rows() -> None:
    """As wide for two pictures as for three in two columns, and half as high."""
    import struct

    def size(count: int) -> tuple[int, int]:
        return struct.unpack(">II", image_sheet([GREY] * count, "png", 2)[16:24])

    (wide, low), (also, high) = size(2), size(3)
    assert (also, high) == (wide, 2 * low)
