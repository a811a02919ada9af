from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.layers.base import Shape, Window
from caffetools.layers.pyramid import level_window
from tests.layers.cases import bottoms_of, check_explained, check_refused, layer_text, set_up


def spp(options: str) -> str:
    return layer_text("SPP", f"spp_param {{ {options} }}")


@pytest.mark.parametrize(
    ("options", "bottom", "top"),
    [
        ("pyramid_height: 1", (2, 3, 9, 8), (2, 3, 1, 1)),
        ("pyramid_height: 3", (2, 3, 9, 8), (2, 3 * (1 + 2 * 2 + 4 * 4))),
        ("pyramid_height: 4 pool: AVE", (1, 256, 16, 16), (1, 256 * (1 + 4 + 16 + 64))),
        ("pyramid_height: 2 pool: STOCHASTIC", (2, 3, 4, 6), (2, 3 * (1 + 2 * 2))),
        ("pyramid_height: 2", (0, 3, 4, 4), (0, 3 * 5)),
        # Level 2 has kernels of 3 and a pad of 2: a fifth window would begin at 12, beyond 9 + 2.
        ("pyramid_height: 3", (1, 1, 9, 9), (1, 1 + 2 * 2 + 4 * 4)),
    ],
)
def test_spp(options: str, bottom: Shape, top: Shape) -> None:
    case = set_up(spp(options), bottom)
    assert (case.tops, case.params, case.macs) == ((top,), {}, 0)
    assert case.layer.layer is not None
    assert case.layer.layer.windows(bottoms_of(case)) is None
    check_explained(spp(options), bottom)


def test_spp_explained() -> None:
    assert check_explained(spp("pyramid_height: 2"), (2, 3, 9, 8)) == [
        "height of level 0: (9 - 9 + 2*0) / 9 + 1 = 1",
        "width of level 0: (8 - 8 + 2*0) / 8 + 1 = 1",
        "height of level 1: ceil((9 - 5 + 2*1) / 5) + 1 - 1 = 2",
        "width of level 1: (8 - 4 + 2*0) / 4 + 1 = 2",
        "axis 1: 3 * (1*1 + 2*2) = 15",
    ]


@pytest.mark.parametrize(
    ("extent", "bins", "window"),
    [
        (9, 1, Window(9, 9, 0)),
        (9, 2, Window(5, 5, 1)),
        (9, 4, Window(3, 3, 2)),
        (8, 4, Window(2, 2, 0)),
        (3, 4, Window(1, 1, 1)),
    ],
)
def test_level_window(extent: int, bins: int, window: Window) -> None:
    assert level_window(extent, bins) == window


@given(st.integers(1, 300), st.integers(0, 8))
def test_a_level_covers_the_image(extent: int, level: int) -> None:
    kernel, stride, pad, _ = level_window(extent, 2**level)
    assert kernel == stride
    assert extent <= 2**level * kernel <= extent + 2 * pad


@pytest.mark.parametrize(
    ("options", "bottom", "line", "column", "fragment"),
    [
        ("", (1, 3, 4, 4), 2, 1, "expected a pyramid_height of at least 1, found 0"),
        ("pyramid_height: 2", (1, 3, 4), 1, 1, "expected a bottom of 4 axes, found"),
        (
            "pyramid_height: 1",
            (1, 3, 0, 4),
            1,
            1,
            "an image that is not empty, found 1 x 3 x 0 x 4",
        ),
        (
            "pyramid_height: 4",
            (1, 3, 9, 7),
            2,
            13,
            "level 3 of the pyramid cannot divide an extent of 9 into 8",
        ),
        ("pyramid_height: 4294967295", (1, 3, 64, 64), 2, 13, "level 7 of the pyramid"),
        (
            "pyramid_height: 2 pool: STOCHASTIC",
            (1, 3, 5, 4),
            2,
            31,
            "level 1 of 1 x 3 x 5 x 4 needs a pad",
        ),
    ],
)
def test_spp_refused(options: str, bottom: Shape, line: int, column: int, fragment: str) -> None:
    check_refused(spp(options), (bottom,), line, column, fragment)
