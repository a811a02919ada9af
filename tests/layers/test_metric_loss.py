from __future__ import annotations

import pytest

from caffetools.layers.blobs import Shape
from tests.layers.cases import check_explained, check_refused, layer_text, set_up


def center(options: str = "num_output: 10") -> str:
    return layer_text("CenterLoss", f"center_loss_param {{ {options} }}", "a b")


def triplet(bottoms: str = "a b c") -> str:
    return layer_text("TripletLoss", "triplet_loss_param { margin: 2 }", bottoms)


def test_center_loss() -> None:
    case = set_up(center(), (64, 2, 3, 3), (64,))
    assert (case.tops, case.params) == (((),), {"center": (10, 2 * 3 * 3)})
    assert case.layer.loss_weights == (1.0,)
    assert check_explained(center(), (64, 512), (64, 1)) == ["center: 10 * 512 = 5120"]


@pytest.mark.parametrize("count", [3, 4])
def test_triplet_loss(count: int) -> None:
    text = triplet("a b c weights"[: 2 * count] if count == 3 else "a b c weights")
    case = set_up(text, *((4, 8),) * 3, *((4,),) * (count - 3))
    assert (case.tops, case.layer.loss_weights) == (((),), (1.0,))


@pytest.mark.parametrize(
    ("text", "bottoms", "line", "column", "fragment"),
    [
        (center(""), ((4, 8), (4,)), 2, 1, "expected num_output of at least 1, found 0"),
        (center(), ((4, 8), (4, 2)), 1, 1, "a second bottom of 1 channels, found 4 x 2"),
        (center(), ((4, 8), (5,)), 1, 1, "the same first extent, found 4 x 8 and 5"),
        (
            center('num_output: 1 distance_type: "L3"'),
            ((4, 8), (4,)),
            2,
            35,
            "expected a distance_type of L1 or L2, found 'L3'",
        ),
        (triplet(), ((4, 8), (4, 8), (4, 9)), 1, 1, "a third bottom of 8 channels, found 4 x 9"),
        (triplet(), ((4, 8), (4, 8), (3, 8)), 1, 1, "the same first extent, found 4 x 8 and 3 x 8"),
        (triplet(), ((4, 8, 2), (4, 8), (4, 8)), 1, 1, "a first bottom of height and width 1"),
    ],
)
def test_refused(
    text: str, bottoms: tuple[Shape, ...], line: int, column: int, fragment: str
) -> None:
    check_refused(text, bottoms, line, column, fragment)
