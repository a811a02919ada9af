from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.layers.blobs import Shape
from tests.layers.cases import check_explained, check_refused, layer_text, set_up

IMAGE = (1, 3, 300, 300)


def prior_box(options: str, bottoms: str = "a data") -> str:
    return layer_text("PriorBox", f"prior_box_param {{ {options} }}", bottoms)


@pytest.mark.parametrize(
    ("options", "priors"),
    [
        ("min_size: 5", 1),
        ("min_size: 5 max_size: 14", 1 + 1),
        ("min_size: 30 max_size: 60 aspect_ratio: 2 flip: true", 1 * 3 + 1),
        ("min_size: 60 max_size: 111 aspect_ratio: 2 aspect_ratio: 3", 1 * 5 + 1),
        ("min_size: 5 max_size: 14 aspect_ratio: 2 aspect_ratio: 0.4 flip: false", 1 * 3 + 1),
        ("min_size: 5 min_size: 8 max_size: 17 max_size: 23 aspect_ratio: 2", 2 * 3 + 2),
        ("min_size: 5 min_size: 8 aspect_ratio: 2 aspect_ratio: 3 flip: false", 2 * 3),
        # 1, 2 and 1/2 are there, the second 2 and 0.5 are left out; then 3 and 1/3
        ("min_size: 5 aspect_ratio: [1, 2, 2, 0.5, 3]", 1 * 5),
        ("min_size: 5 aspect_ratio: 3 aspect_ratio: 0.33", 1 * 5),
        ("min_size: 5 aspect_ratio: 1.0000005", 1),
        ("min_size: 5 aspect_ratio: 0", 1 * 3),  # 0 and, turned, infinity
    ],
)
def test_priors(options: str, priors: int) -> None:
    text = prior_box(options)
    case = set_up(text, (8, 512, 38, 37), IMAGE)
    assert case.tops == ((1, 2, 38 * 37 * priors * 4),)
    assert case.params == {}
    assert case.notes == ()
    check_explained(text, (8, 512, 38, 37), IMAGE)


@pytest.mark.parametrize(
    "options",
    [
        "variance: 0.1",
        "variance: 0.1 variance: 0.1 variance: 0.2 variance: 0.2",
        "img_size: 50",
        "img_h: 32 img_w: 40",
        "step: 8 offset: 0",
        "step_h: 7.5 step_w: 9.25",
        "clip: true",
    ],
)
def test_what_does_not_change_their_number(options: str) -> None:
    text = prior_box(f"min_size: 5 {options}", "a")
    assert set_up(text, (1, 8, 3, 4)).tops == ((1, 2, 3 * 4 * 4),)


def test_explained() -> None:
    text = prior_box("min_size: 30 max_size: 60 aspect_ratio: 2")
    assert check_explained(text, (8, 512, 38, 37), IMAGE) == [
        "priors of a cell: 1 * 3 + 1 = 4",
        "priors: 38 * 37 * 4 = 5624",
        "coordinates: 38 * 37 * 4 * 4 = 22496",
    ]


@given(st.lists(st.floats(0.125, 8, width=32), max_size=4), st.booleans())
def test_a_ratio_counts_once_and_turned_once(ratios: list[float], flip: bool) -> None:
    options = " ".join(f"aspect_ratio: {ratio!r}" for ratio in ratios)
    text = prior_box(f"min_size: 5 {options} flip: {str(flip).lower()}")
    (top,) = set_up(text, (1, 1, 1, 1), IMAGE).tops
    assert top is not None
    assert 4 <= top[2] <= 4 * (1 + len(ratios) * (2 if flip else 1))


@pytest.mark.parametrize(
    ("options", "bottom", "line", "column", "fragment"),
    [
        ("", (1, 8, 3, 4), 2, 1, "expected a min_size, found none"),
        ("min_size: 0", (1, 8, 3, 4), 2, 19, "expected min_size over 0, found 0"),
        ("min_size: 5 min_size: -1", (1, 8, 3, 4), 2, 31, "expected min_size over 0, found -1"),
        (
            "min_size: 5 min_size: 6 max_size: 7",
            (1, 8, 3, 4),
            2,
            43,
            "expected a max_size for each of 2 min_size, found 1",
        ),
        (
            "min_size: 5 max_size: 5",
            (1, 8, 3, 4),
            2,
            31,
            "expected a max_size over the min_size 5, found 5",
        ),
        (
            "min_size: 5 variance: [1, 1]",
            (1, 8, 3, 4),
            2,
            31,
            "expected variance once or four times, found 2",
        ),
        ("min_size: 5 variance: 0", (1, 8, 3, 4), 2, 31, "expected variance over 0, found 0"),
        ("min_size: 5 img_size: 0", (1, 8, 3, 4), 2, 31, "expected img_size over 0, found 0"),
        ("min_size: 5 img_h: 9", (1, 8, 3, 4), 2, 1, "expected img_w over 0, found 0"),
        (
            "min_size: 5 img_size: 9 img_w: 9",
            (1, 8, 3, 4),
            2,
            31,
            "expected img_size, or img_h and img_w",
        ),
        ("min_size: 5 step: -1", (1, 8, 3, 4), 2, 31, "expected step over 0, found -1"),
        (
            "min_size: 5 step: 1 step_h: 1",
            (1, 8, 3, 4),
            2,
            31,
            "expected step, or step_h and step_w",
        ),
        ("min_size: 5", (1, 8, 0, 4), 1, 1, "a bottom with a height and width, found 1 x 8 x 0"),
        ("min_size: 5", (1,) * 5, 1, 1, "expected a bottom of at most 4 axes"),
    ],
)
def test_refused(options: str, bottom: Shape, line: int, column: int, fragment: str) -> None:
    check_refused(prior_box(options), (bottom, IMAGE), line, column, fragment)
