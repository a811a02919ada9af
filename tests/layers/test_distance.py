from __future__ import annotations

import pytest

from caffetools.layers.base import Shape
from tests.layers.cases import check_explained, check_refused, layer_text, set_up


def distance(options: str = "", bottoms: str = "a") -> str:
    return layer_text("InnerDistance", f"inner_distance_param {{ {options} }}", bottoms)


@pytest.mark.parametrize(
    ("options", "bottoms", "top", "weight"),
    [
        ("num_output: 10", ((64, 2),), (64, 10), (10, 2)),
        ("num_output: 10 transpose: true", ((64, 2, 3, 3),), (64, 10), (2 * 3 * 3, 10)),
        ("num_output: 10 axis: -2", ((4, 5, 6, 7),), (4, 5, 10), (10, 6 * 7)),
        ("", ((64, 512), (10572, 512)), (64, 10572), None),
        ("update_center_only: true", ((64, 512), (20, 512)), (64, 20), (20, 512)),
        ("update_center_only: true", ((64, 512), (20, 512), (64,)), (64, 20), None),
    ],
)
def test_inner_distance(
    options: str, bottoms: tuple[Shape, ...], top: Shape, weight: Shape | None
) -> None:
    text = distance(options, "a b c"[: 2 * len(bottoms)])
    case = set_up(text, *bottoms)
    assert case.tops == (top,)
    assert case.params == ({"weight": weight} if weight else {})
    assert case.macs == 0
    assert case.layer.layer is not None
    assert case.layer.layer.windows(bottoms) is None
    check_explained(text, *bottoms)


@pytest.mark.parametrize("options", ["bias_term: true", "bias_filler { value: 1 }"])
def test_the_first_version_has_a_bias(options: str) -> None:
    text = distance(f"num_output: 3 {options}")
    assert set_up(text, (2, 100)).params == {"weight": (3, 100), "bias": (3,)}
    check_explained(text, (2, 100))
    assert set_up(distance("num_output: 3 bias_term: false"), (2, 100)).params == {
        "weight": (3, 100)
    }


def test_its_filler_is_a_forks() -> None:
    text = distance('num_output: 4 weight_filler { type: "gaussian_unitball" }')
    assert "'gaussian_unitball'" in set_up(text, (1, 8)).notes[0]


@pytest.mark.parametrize(
    ("options", "column", "fragment"),
    [
        ("num_output: 4 axis: 2", 38, "axis 2 is out of range for a blob of shape 3 x 8"),
        ("num_output: 2147483648", 24, "expected num_output below 2^31"),
        ("", 1, "nothing can be filled"),
    ],
)
def test_refused(options: str, column: int, fragment: str) -> None:
    check_refused(distance(options), ((3, 8),), 2, column, fragment)
