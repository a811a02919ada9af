from __future__ import annotations

import pytest

from caffetools.layers.base import Shape
from tests.layers.cases import check_explained, check_refused, layer_text, set_up

PRIORS = (1, 2, 10 * 4)


def output(options: str, bottoms: str = "loc conf prior") -> str:
    return layer_text("DetectionOutput", f"detection_output_param {{ {options} }}", bottoms)


def evaluate(options: str) -> str:
    return layer_text("DetectionEvaluate", f"detection_evaluate_param {{ {options} }}", "det gt")


def loss(options: str) -> str:
    return layer_text("MultiBoxLoss", f"multibox_loss_param {{ {options} }}", "loc conf prior gt")


@pytest.mark.parametrize(
    ("options", "locations", "confidences"),
    [
        ("num_classes: 3", (8, 10 * 4), (8, 10 * 3)),
        ("num_classes: 3 share_location: false", (8, 10 * 3 * 4), (8, 10 * 3)),
    ],
)
def test_detection_output(options: str, locations: Shape, confidences: Shape) -> None:
    case = set_up(output(options), locations, confidences, PRIORS)
    assert case.tops == ((1, 1, 1, 7),)
    assert case.notes == ("the top has a row for each detection, once there are any",)
    check_explained(output(options), locations, confidences, PRIORS)


def test_detection_output_of_a_detector_that_refines() -> None:
    text = output("num_classes: 3", "loc conf prior arm")
    assert set_up(text, (8, 40), (8, 30), PRIORS, (8, 20)).tops == ((1, 1, 1, 7),)


def test_priors_explained() -> None:
    text = output("num_classes: 21")
    assert check_explained(text, (1, 5 * 4), (1, 5 * 21), (1, 2, 22)) == [
        "priors: floor(22 / 4) = 5",
        "locations: 5 * 1 * 4 = 20",
        "confidences: 5 * 21 = 105",
    ]


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ("num_classes: 4", 4 - 1 + 21),
        ("num_classes: 4 background_label_id: 3", 4 - 1 + 21),
        ("num_classes: 4 background_label_id: 4294967295", 4 + 21),  # -1: no class is background
    ],
)
def test_detection_evaluate(options: str, rows: int) -> None:
    text, bottoms = evaluate(options), ((1, 1, 21, 7), (1, 1, 8, 8))
    case = set_up(text, *bottoms)
    assert case.tops == ((1, 1, rows, 5),)
    assert len(case.notes) == 1
    check_explained(text, *bottoms)


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
    ("text", "bottoms"),
    [
        (output("num_classes: 3"), ((8, 40), (8, 30), PRIORS)),
        (evaluate("num_classes: 4"), ((1, 1, 21, 7), (1, 1, 8, 8))),
    ],
)
def test_all_of_the_bottoms_is_seen(text: str, bottoms: tuple[Shape, ...]) -> None:
    layer = set_up(text, *bottoms).layer.layer
    assert layer is not None
    assert layer.windows(bottoms) is None


@pytest.mark.parametrize(
    ("text", "bottoms"),
    [
        (evaluate("num_classes: 4"), ((1, 1, 21, 7), (1, 1, 1, 8))),
        (loss("num_classes: 3"), ((8, 40), (8, 30), PRIORS, (1, 1, 1, 8))),
    ],
)
def test_truth_that_nothing_describes(text: str, bottoms: tuple[Shape, ...]) -> None:
    layer = set_up(text, *bottoms).layer.layer
    assert layer is not None
    assert layer.expects((*bottoms[:-1], None)) == {len(bottoms) - 1: bottoms[-1]}
    assert layer.expects(bottoms) == {}


THREE = ((8, 40), (8, 30), PRIORS)
TWO = ((1, 1, 21, 7), (1, 1, 8, 8))
FOUR = (*THREE, (1, 1, 5, 8))


@pytest.mark.parametrize(
    ("text", "bottoms", "line", "column", "fragment"),
    [
        (output(""), THREE, 2, 1, "expected num_classes, found none"),
        (output("num_classes: 2147483648"), THREE, 2, 26, "expected num_classes below 2^31"),
        (
            output("num_classes: 3 nms_param { nms_threshold: -1 }"),
            THREE,
            2,
            53,
            "expected an nms_threshold of at least 0, found -1",
        ),
        (
            output("num_classes: 3 nms_param { eta: 1.5 }"),
            THREE,
            2,
            53,
            "expected an eta over 0 and up to 1, found 1.5",
        ),
        (
            output("num_classes: 4"),
            THREE,
            1,
            1,
            "expected 40 confidences for 10 priors, found 30",
        ),
        (
            output("num_classes: 3"),
            ((8, 36), (8, 30), PRIORS),
            1,
            1,
            "expected 40 locations for 10 priors, found 36",
        ),
        (
            output("num_classes: 3"),
            ((8, 40), (7, 30), PRIORS),
            1,
            1,
            "of as many items, found 8 x 40 and 7 x 30",
        ),
        (evaluate(""), TWO, 2, 1, "expected num_classes, found none"),
        (
            evaluate("num_classes: 3 overlap_threshold: 0"),
            TWO,
            2,
            43,
            "expected an overlap_threshold over 0, found 0",
        ),
        (
            evaluate("num_classes: 3"),
            ((1, 1, 21, 8), (1, 1, 8, 8)),
            1,
            1,
            "expected 1 x 1 x any x 7 of detections, found 1 x 1 x 21 x 8",
        ),
        (
            evaluate("num_classes: 3"),
            ((1, 1, 21, 7), (2, 1, 8, 8)),
            1,
            1,
            "expected 1 x 1 x any x 8 of truth, found 2 x 1 x 8 x 8",
        ),
        (loss(""), FOUR, 2, 1, "expected num_classes, found none"),
        (loss("num_classes: 0"), FOUR, 2, 23, "expected num_classes of at least 1, found 0"),
        (
            loss("num_classes: 3 do_neg_mining: false"),
            FOUR,
            2,
            38,
            "do_neg_mining and the mining_type MAX_NEGATIVE contradict each other",
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
        (
            loss("num_classes: 2"),
            FOUR,
            1,
            1,
            "expected 20 confidences for 10 priors, found 30",
        ),
    ],
)
def test_refused(
    text: str, bottoms: tuple[Shape, ...], line: int, column: int, fragment: str
) -> None:
    check_refused(text, bottoms, line, column, fragment)
