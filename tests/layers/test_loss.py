from __future__ import annotations

import pytest

from caffetools.layers.blobs import Shape
from caffetools.layers.registry import REGISTRY
from tests.layers.cases import check_refused, layer_text, set_up
from tests.nets import given, inferred, inner_product, layer


@pytest.mark.parametrize(
    ("type_name", "bottoms"),
    [
        ("EuclideanLoss", ((4, 6), (4, 6))),
        ("EuclideanLoss", ((4, 6), (4, 2, 3))),
        ("EuclideanLoss", ((4,), (4, 1, 1))),
        ("EuclideanLoss", ((0, 6), (0, 6))),
        ("SigmoidCrossEntropyLoss", ((4, 6), (4, 3, 2))),
        ("HingeLoss", ((4, 10), (4,))),
        ("HingeLoss", ((4, 10, 2, 2, 2), (4, 1))),
        ("MultinomialLogisticLoss", ((4, 10), (4,))),
        ("MultinomialLogisticLoss", ((4, 10, 1, 1), (4, 1, 1, 1))),
        ("ContrastiveLoss", ((4, 2), (4, 2), (4,))),
        ("ContrastiveLoss", ((4, 2, 1, 1), (4, 2), (4, 1))),
        ("ContrastiveLoss", ((4,), (4, 1), (9,))),  # nothing holds the third bottom to the first
    ],
)
def test_a_loss_is_a_scalar(type_name: str, bottoms: tuple[Shape, ...]) -> None:
    case = set_up(layer_text(type_name, "", "a b c"[: 2 * len(bottoms)]), *bottoms)
    assert (case.tops, case.params, case.macs, case.notes) == (((),), {}, 0, ())
    assert case.layer.loss_weights == (1.0,)
    assert case.layer.layer is not None
    assert case.layer.layer.windows(bottoms) is None


def test_a_top_that_is_not_named_and_weights() -> None:
    text = layer_text("EuclideanLoss", bottoms="a b", tops="")
    assert set_up(text, (4, 6), (4, 6)).tops == ((),)
    text = layer_text("EuclideanLoss", "loss_weight: 0.5", "a b")
    assert set_up(text, (4, 6), (4, 6)).layer.loss_weights == (0.5,)
    text = layer_text("EuclideanLoss", "loss_weight: 1 loss_weight: 1", "a b")
    check_refused(text, ((4, 6), (4, 6)), 2, 16, "expected a loss_weight for each top, 1 in all")


@pytest.mark.parametrize(
    ("type_name", "reached"),
    [
        ("EuclideanLoss", ()),
        ("SigmoidCrossEntropyLoss", (True, False)),
        ("HingeLoss", (True, False)),
        ("MultinomialLogisticLoss", (True, False)),
        ("ContrastiveLoss", (True, True, False)),
        ("SoftmaxWithLoss", (True, False)),
        ("InfogainLoss", (True, False)),
    ],
)
def test_what_force_backward_reaches(type_name: str, reached: tuple[bool, ...]) -> None:
    layer_class = REGISTRY.find(type_name)
    assert layer_class is not None
    assert layer_class.force_backward == reached
    assert layer_class.is_loss
    assert layer_class.automatic_tops


def test_a_loss_makes_what_is_above_it_learn() -> None:
    text = (
        given("data", 4, 6)
        + given("target", 4, 2)
        + inner_product("ip", "data", 2)
        + layer("EuclideanLoss", "loss", "ip target")
    )
    assert inferred(text).backward == (False, False, True, True)


@pytest.mark.parametrize(
    ("type_name", "bottoms", "fragment"),
    [
        ("EuclideanLoss", ((4, 6), (3, 6)), "the same first extent, found 4 x 6 and 3 x 6"),
        ("EuclideanLoss", ((4, 6), (4, 5)), "per item in both bottoms, found 4 x 6 and 4 x 5"),
        ("EuclideanLoss", ((), ()), "at least 1 axis, found a scalar"),
        ("HingeLoss", ((4, 6), ()), "at least 1 axis, found a scalar"),
        ("HingeLoss", ((4, 6), (5,)), "the same first extent, found 4 x 6 and 5"),
        ("SigmoidCrossEntropyLoss", ((4, 6), (4, 5)), "a target for each element, found 4 x 6"),
        ("MultinomialLogisticLoss", ((4, 6), (4, 2)), "a second bottom of 1 channels, found 4 x 2"),
        ("MultinomialLogisticLoss", ((4, 6), (4, 1, 2)), "height and width 1, found 4 x 1 x 2"),
        ("MultinomialLogisticLoss", ((4, 6), (4, 1, 1, 1, 1)), "at most 4 axes"),
        ("ContrastiveLoss", ((4, 2), (4, 3), (4,)), "a second bottom of 2 channels, found 4 x 3"),
        ("ContrastiveLoss", ((4, 2, 2), (4, 2), (4,)), "first bottom of height and width 1"),
        ("ContrastiveLoss", ((4, 2), (4, 2, 1, 3), (4,)), "second bottom of height and width 1"),
        ("ContrastiveLoss", ((4, 2), (4, 2), (4, 2)), "a third bottom of 1 channels, found 4 x 2"),
        ("ContrastiveLoss", ((4, 2), (3, 2), (4,)), "the same first extent, found 4 x 2 and 3 x 2"),
    ],
)
def test_refused(type_name: str, bottoms: tuple[Shape, ...], fragment: str) -> None:
    text = layer_text(type_name, "", "a b c"[: 2 * len(bottoms)])
    check_refused(text, bottoms, 1, 1, fragment)


def test_how_many_bottoms() -> None:
    check_refused(layer_text("HingeLoss"), ((4, 2),), 1, 37, "expects 2 bottoms, found 1")
    check_refused(layer_text("ContrastiveLoss", bottoms="a b"), ((4, 2),) * 2, 1, 55, "3 bottoms")


@pytest.mark.parametrize(
    ("kind", "bottoms"),
    [
        ("L1Loss", ((4, 3, 2), (4, 6))),
        ("SmoothL1Loss", ((4, 8), (4, 8))),
        ("SmoothL1Loss", ((4, 8), (4, 8), (4, 8, 1, 1))),
        ("SmoothL1Loss", ((4, 8), (4, 8), (4, 8), (4, 8))),
    ],
)
def test_losses(kind: str, bottoms: tuple[Shape, ...]) -> None:
    case = set_up(layer_text(kind, bottoms="a b c d"[: 2 * len(bottoms)]), *bottoms)
    assert case.tops == ((),)
    assert case.layer.loss_weights == (1.0,)


def test_a_loss_needs_no_top() -> None:
    case = set_up(layer_text("SmoothL1Loss", bottoms="a b", tops=""), (4, 8), (4, 8))
    assert case.tops == ((),)


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


@pytest.mark.parametrize(
    ("text", "bottoms", "expected"),
    [
        (layer_text("L1Loss", bottoms="a b"), ((4, 3), (4, 3)), {1: (4, 3)}),
        (layer_text("SmoothL1Loss", bottoms="a b"), ((4, 3), (4, 3)), {1: (4, 3)}),
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
    ],
)
def test_refused_of_forks(
    text: str, bottoms: tuple[Shape, ...], line: int, column: int, fragment: str
) -> None:
    check_refused(text, bottoms, line, column, fragment)
