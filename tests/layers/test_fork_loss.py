from __future__ import annotations

import pytest

from caffetools.layers.base import Shape
from tests.layers.cases import check_refused, layer_text, set_up

WEIGHTED = "loss_weight: 1 loss_weight: 0 loss_weight: 0"


def ctc(options: str) -> str:
    return layer_text("CtcLoss", f"ctc_loss_param {{ {options} }}", "scores labels")


@pytest.mark.parametrize(
    ("kind", "bottoms"),
    [
        ("L1Loss", ((4, 3, 2), (4, 6))),
        ("SmoothL1Loss", ((4, 8), (4, 8))),
        ("SmoothL1Loss", ((4, 8), (4, 8), (4, 8, 1, 1))),
        ("SmoothL1Loss", ((4, 8), (4, 8), (4, 8), (4, 8))),
        ("RegionLoss", ((4, 125, 13, 13), (4, 30, 5))),
        ("SoftmaxWithLossOHEM", ((4, 21), (4,))),
    ],
)
def test_losses(kind: str, bottoms: tuple[Shape, ...]) -> None:
    case = set_up(layer_text(kind, bottoms="a b c d"[: 2 * len(bottoms)]), *bottoms)
    assert case.tops == ((),)
    assert case.layer.loss_weights == (1.0,)


def test_a_loss_needs_no_top() -> None:
    case = set_up(layer_text("SmoothL1Loss", bottoms="a b", tops=""), (4, 8), (4, 8))
    assert case.tops == ((),)


def test_ctc_loss() -> None:
    text = ctc("alphabet_size: 83 time_step: 18")
    assert set_up(text, (18, 64, 83), (64, 7)).tops == ((),)


@pytest.mark.parametrize(
    ("tops", "weights", "expected"),
    [
        ("y", "", (0.0,)),
        ("y", "loss_weight: 2", (2.0,)),
        ("y each", "loss_weight: 1 loss_weight: 0", (1.0, 0.0)),
    ],
)
def test_smooth_l1_loss_ohem(tops: str, weights: str, expected: tuple[float, ...]) -> None:
    text = layer_text("SmoothL1LossOHEM", weights, "a b weights", tops)
    case = set_up(text, (300, 8), (300, 8), (300, 8))
    assert case.tops == ((), (300, 1, 1, 1))[: len(expected)]
    assert case.layer.loss_weights == expected


def test_softmax_with_loss_ohem_of_three_tops() -> None:
    text = layer_text("SoftmaxWithLossOHEM", WEIGHTED, "a b", "y prob each")
    case = set_up(text, (2, 21, 5, 6), (2, 1, 5, 6))
    assert case.tops == ((), (2, 21, 5, 6), (2, 1, 5, 6))
    assert case.layer.loss_weights == (1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("text", "bottoms", "expected"),
    [
        (layer_text("L1Loss", bottoms="a b"), ((4, 3), (4, 3)), {1: (4, 3)}),
        (layer_text("SmoothL1Loss", bottoms="a b"), ((4, 3), (4, 3)), {1: (4, 3)}),
        (
            layer_text("SoftmaxWithLossOHEM", bottoms="a b"),
            ((4, 21, 5, 6), (4, 5, 6)),
            {1: (4, 5, 6)},
        ),
        (layer_text("RegionLoss", bottoms="a b"), ((4, 125, 13, 13), (4, 30, 5)), {}),
        (ctc("alphabet_size: 83 time_step: 18"), ((18, 64, 83), (64, 7)), {}),
    ],
)
def test_targets_that_nothing_describes(
    text: str, bottoms: tuple[Shape, ...], expected: dict[int, Shape]
) -> None:
    layer = set_up(text, *bottoms).layer.layer
    assert layer is not None
    assert layer.expects((bottoms[0], None)) == expected


@pytest.mark.parametrize(
    ("text", "bottoms", "line", "column", "fragment"),
    [
        (layer_text("L1Loss", bottoms="a b"), ((4, 3), (4, 4)), 1, 1, "found 4 x 3 and 4 x 4"),
        (layer_text("L1Loss", bottoms="a b"), ((4, 3), (3, 3)), 1, 1, "the same first extent"),
        (
            layer_text("SmoothL1Loss", bottoms="a b"),
            ((4, 3, 2), (4, 6)),
            1,
            1,
            "bottoms of the same channels, height and width, found 4 x 3 x 2 and 4 x 6",
        ),
        (
            layer_text("SmoothL1LossOHEM", bottoms="a b c"),
            ((4, 3), (4, 3), (4, 1)),
            1,
            1,
            "found 4 x 3 and 4 x 1",
        ),
        (
            layer_text("SoftmaxWithLossOHEM", "softmax_param { axis: 3 }", "a b"),
            ((4, 3), (4,)),
            2,
            17,
            "axis 3 is out of range",
        ),
        (
            layer_text("SoftmaxWithLossOHEM", bottoms="a b"),
            ((4, 3, 2), (4,)),
            1,
            1,
            "expected a label for each of 8 predictions",
        ),
        (layer_text("RegionLoss", bottoms="a b"), ((4, 125), ()), 1, 1, "found scalar"),
        (ctc("time_step: 8"), ((8, 4, 9), (4, 2)), 2, 1, "expected alphabet_size of at least 1"),
        (
            ctc("alphabet_size: 9 time_step: 0"),
            ((8, 4, 9), (4, 2)),
            2,
            35,
            "expected time_step of at least 1, found 0",
        ),
        (
            ctc("alphabet_size: 9 time_step: 8"),
            ((8, 4, 9), (5, 2)),
            1,
            1,
            "expected labels of 4 items, the second extent of 8 x 4 x 9, found 5 x 2",
        ),
        (ctc("alphabet_size: 9 time_step: 8"), ((8,), (8,)), 1, 1, "at least 2 axes"),
    ],
)
def test_refused(
    text: str, bottoms: tuple[Shape, ...], line: int, column: int, fragment: str
) -> None:
    check_refused(text, bottoms, line, column, fragment)
