from __future__ import annotations

import pytest

from caffetools.layers.base import Shape, Window
from tests.layers.cases import bottoms_of, check_explained, check_refused, layer_text, set_up


def im2col(options: str) -> str:
    return layer_text("Im2col", f"convolution_param {{ {options} }}")


@pytest.mark.parametrize(
    ("options", "bottom", "top"),
    [
        (
            "kernel_size: 11 stride: 4",
            (2, 3, 227, 227),
            (2, 3 * 11 * 11, (227 - 11) // 4 + 1, (227 - 11) // 4 + 1),
        ),
        (
            "kernel_h: 3 kernel_w: 1 pad_h: 1 pad_w: 0",
            (1, 2, 5, 6),
            (1, 2 * 3 * 1, 5 + 2 - 3 + 1, 6 - 1 + 1),
        ),
        (
            "kernel_size: 3 dilation: 2",
            (1, 2, 9, 7),
            (1, 2 * 3 * 3, 9 - 5 + 1, 7 - 5 + 1),
        ),
        ("kernel_size: 2", (1, 4, 5, 6, 7), (1, 4 * 2 * 2 * 2, 4, 5, 6)),
        ("kernel_size: 2 kernel_size: 5 axis: -3", (9, 4, 4, 5), (9, 4 * 2 * 5, 3, 1)),
        ("kernel_size: 4 stride: 3", (2, 4, 10), (2, 4 * 4, (10 - 4) // 3 + 1)),
        ("kernel_size: 3 axis: 0", (4, 10, 9), (4 * 3 * 3, 8, 7)),
        # C++ rounds toward zero: a kernel that is too large by less than a stride has a place.
        ("kernel_size: 3 stride: 2", (1, 2, 2, 2), (1, 2 * 3 * 3, 1, 1)),
        ("kernel_size: 3", (1, 2, 2, 2), (1, 2 * 3 * 3, 0, 0)),
    ],
)
def test_im2col(options: str, bottom: Shape, top: Shape) -> None:
    case = set_up(im2col(options), bottom)
    assert (case.tops, case.params, case.macs) == ((top,), {}, 0)
    check_explained(im2col(options), bottom)


def test_im2col_explained() -> None:
    assert check_explained(im2col("kernel_size: 11 stride: 4"), (2, 3, 227, 227)) == [
        "channels: 3 * 11 * 11 = 363",
        "height: (227 - 11 + 2*0) / 4 + 1 = 55",
        "width: (227 - 11 + 2*0) / 4 + 1 = 55",
    ]


def test_im2col_sees_patches() -> None:
    case = set_up(im2col("kernel_size: 5 stride: 2 pad: 1 dilation: 3"), (1, 2, 20, 20))
    assert case.layer.layer is not None
    assert case.layer.layer.windows(bottoms_of(case)) == [Window(5, 2, 1, 3)] * 2


@pytest.mark.parametrize(
    ("options", "bottom", "line", "column", "fragment"),
    [
        (
            "kernel_size: 1",
            (2, 3),
            2,
            1,
            "expected a spatial axis behind the channels' axis 1, found none",
        ),
        ("kernel_size: 1 axis: -1", (2, 3, 4), 2, 36, "behind the channels' axis 2"),
        ("kernel_size: 1 axis: 3", (2, 3), 2, 36, "axis 3 is out of range"),
        ("", (1, 2, 5, 5), 2, 1, "kernel_size"),
        ("kernel_size: 0", (1, 2, 5, 5), 2, 21, "expected a kernel of at least 1, found 0"),
        ("kernel_size: 5 stride: 1", (1, 2, 3, 3), 1, 1, "the negative extent -1"),
    ],
)
def test_im2col_refused(options: str, bottom: Shape, line: int, column: int, fragment: str) -> None:
    check_refused(im2col(options), (bottom,), line, column, fragment)
