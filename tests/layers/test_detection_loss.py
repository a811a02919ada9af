from __future__ import annotations

import pytest

from caffetools.layers.blobs import Shape
from tests.layers.cases import check_explained, check_refused, layer_text, set_up

PRIORS = (1, 2, 10 * 4)
FOUR = ((8, 40), (8, 30), PRIORS, (1, 1, 5, 8))


def loss(options: str) -> str:
    return layer_text("MultiBoxLoss", f"multibox_loss_param {{ {options} }}", "loc conf prior gt")


@pytest.mark.parametrize(
    ("options", "locations"),
    [
        ("num_classes: 3", (8, 10 * 4)),
        ("num_classes: 3 share_location: false mining_type: NONE", (8, 10 * 3 * 4)),
        ("num_classes: 3 do_neg_mining: true", (8, 10 * 4)),
        ("num_classes: 3 background_label_id: 9 conf_loss_type: LOGISTIC", (8, 10 * 4)),
    ],
)
def test_multibox_loss(options: str, locations: Shape) -> None:
    bottoms = (locations, (8, 10 * 3), PRIORS, (1, 1, 5, 8))
    case = set_up(loss(options), *bottoms)
    assert case.tops == ((),)
    assert case.layer.loss_weights == (1.0,)
    assert case.notes == ()
    check_explained(loss(options), *bottoms)


@pytest.mark.parametrize(
    ("options", "effect"),
    [
        ("mining_type: HARD_EXAMPLE nms_param { }", "the loss is 0"),
        ("nms_param { }", "no negatives are mined"),
        ("nms_param { top_k: 5 }", None),
        ("nms_param { nms_threshold: 0 }", None),
        ("mining_type: NONE nms_param { }", None),
    ],
)
def test_suppression_that_keeps_nothing(options: str, effect: str | None) -> None:
    case = set_up(loss(f"num_classes: 3 {options}"), *FOUR)
    notes = () if effect is None else (f"nms_param without a top_k keeps no box: {effect}",)
    assert case.notes == notes


def test_truth_that_nothing_describes() -> None:
    bottoms = ((8, 40), (8, 30), PRIORS, (1, 1, 1, 8))
    layer = set_up(loss("num_classes: 3"), *bottoms).layer.layer
    assert layer is not None
    assert layer.expects((*bottoms[:-1], None)) == {3: bottoms[-1]}
    assert layer.expects(bottoms) == {}


def test_region_loss() -> None:
    bottoms = ((4, 125, 13, 13), (4, 30, 5))
    case = set_up(layer_text("RegionLoss", bottoms="a b"), *bottoms)
    assert case.tops == ((),)
    assert case.layer.loss_weights == (1.0,)
    assert case.layer.layer is not None
    assert case.layer.layer.expects((bottoms[0], None)) == {}


def test_yolov3() -> None:
    text = layer_text("Yolov3", "yolov3_param { num: 3 num_class: 2 }", "a b")
    assert set_up(text, (4, 3 * (5 + 2), 13, 13), (4, 1, 300, 5)).tops == ((),)


@pytest.mark.parametrize(
    ("text", "bottoms", "line", "column", "fragment"),
    [
        (loss(""), FOUR, 2, 1, "expected num_classes, found none"),
        (loss("num_classes: 0"), FOUR, 2, 23, "expected num_classes of at least 1, found 0"),
        (
            loss("num_classes: 3 do_neg_mining: false"),
            FOUR,
            2,
            38,
            "do_neg_mining does not match the mining_type MAX_NEGATIVE",
        ),
        (
            loss("num_classes: 3 share_location: false"),
            FOUR,
            2,
            38,
            "expected share_location with the mining_type MAX_NEGATIVE",
        ),
        (
            loss("num_classes: 3 background_label_id: 3"),
            FOUR,
            2,
            38,
            "expected background_label_id below num_classes, 3, found 3",
        ),
        (
            loss("num_classes: 3"),
            ((8, 40), (7, 30), PRIORS, (1, 1, 5, 8)),
            1,
            1,
            "found 8 x 40 and 7 x 30",
        ),
        (loss("num_classes: 2"), FOUR, 1, 1, "expected 20 confidences for 10 priors, found 30"),
        (layer_text("RegionLoss", bottoms="a b"), ((4, 125), ()), 1, 1, "found scalar"),
        (
            layer_text("Yolov3", "yolov3_param { num: 3 }", "a b"),
            ((4, 125, 13, 13), (4, 300, 5)),
            1,
            1,
            "expected 75 channels, num * (5 + num_class), found 4 x 125",
        ),
    ],
)
def test_refused(
    text: str, bottoms: tuple[Shape, ...], line: int, column: int, fragment: str
) -> None:
    check_refused(text, bottoms, line, column, fragment)
