from __future__ import annotations

import pytest

from caffetools.layers.blobs import Shape
from tests.layers.cases import check_explained, check_refused, layer_text, set_up

PRIORS = (1, 2, 10 * 4)


def output(options: str, bottoms: str = "loc conf prior") -> str:
    return layer_text("DetectionOutput", f"detection_output_param {{ {options} }}", bottoms)


def evaluate(options: str) -> str:
    return layer_text("DetectionEvaluate", f"detection_evaluate_param {{ {options} }}", "det gt")


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
    assert case.notes == ("the number of rows depends on the data: one per detection",)
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


def test_truth_that_nothing_describes() -> None:
    layer = set_up(evaluate("num_classes: 4"), *TWO).layer.layer
    assert layer is not None
    assert layer.expects((TWO[0], None)) == {1: (1, 1, 1, 8)}
    assert layer.expects(TWO) == {}


THREE = ((8, 40), (8, 30), PRIORS)


TWO = ((1, 1, 21, 7), (1, 1, 8, 8))


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
        (output("num_classes: 4"), THREE, 1, 1, "expected 40 confidences for 10 priors, found 30"),
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
            "of the same number of items, found 8 x 40 and 7 x 30",
        ),
        (evaluate(""), TWO, 2, 1, "expected num_classes, found none"),
        (
            evaluate("num_classes: 3 overlap_threshold: 0"),
            TWO,
            2,
            43,
            "expected overlap_threshold over 0, found 0",
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
    ],
)
def test_refused(
    text: str, bottoms: tuple[Shape, ...], line: int, column: int, fragment: str
) -> None:
    check_refused(text, bottoms, line, column, fragment)


def output_yolo(options: str) -> str:
    return layer_text("YoloDetectionOutput", f"yolo_detection_output_param {{ {options} }}")


def evaluation(options: str) -> str:
    return layer_text("EvalDetection", f"eval_detection_param {{ {options} }}", "conv label data")


def test_yolo_detection_output() -> None:
    case = set_up(output_yolo("num_classes: 20"), (1, 125, 13, 13))
    assert case.tops == ((1, 1, 1, 7),)
    assert len(case.notes) == 1


def output_yolov3(options: str, bottoms: str = "a b") -> str:
    return layer_text(
        "Yolov3DetectionOutput", f"yolov3_detection_output_param {{ {options} }}", bottoms
    )


def test_yolov3_detection_output() -> None:
    case = set_up(output_yolov3("num_classes: 20"), (1, 75, 13, 13), (1, 75, 26, 26))
    assert case.tops == ((1, 1, 1, 7),)


def test_eval_detection() -> None:
    text = evaluation("side: 17 num_class: 20 num_object: 5")
    bottoms = ((8, 125, 17, 17), (8, 30, 5), (8, 3, 544, 544))
    assert set_up(text, *bottoms).tops == ((8, 20 + 17 * 17 * 5 * 4),)
    assert check_explained(text, *bottoms) == [
        "predictions: 17 * 17 * 5 * (20 + 4 + 1) = 36125",
        "marks: 20 + 17 * 17 * 5 * 4 = 5800",
    ]


@pytest.mark.parametrize(
    ("text", "bottoms", "line", "column", "fragment"),
    [
        (output_yolo(""), ((1, 125, 13, 13),), 2, 1, "expected num_classes, found none"),
        (output_yolo("num_classes: 2"), ((1,) * 5,), 1, 1, "at most 4 axes"),
        (
            output_yolov3("num_classes: 2 mask_group_num: 3"),
            ((1, 21, 4, 4),) * 2,
            2,
            48,
            "expected mask_group_num bottoms, 3, found 2",
        ),
        (
            evaluation("side: 2"),
            ((8, 125, 17, 17), (8, 5), (8, 3)),
            1,
            1,
            "expected 200 elements per item, found 8 x 125 x 17 x 17",
        ),
        (
            evaluation("side: 4294967295"),
            ((8, 5), (8, 5), (8, 3)),
            2,
            24,
            "expected side below 2^31",
        ),
    ],
)
def test_refused_yolo(
    text: str, bottoms: tuple[Shape, ...], line: int, column: int, fragment: str
) -> None:
    check_refused(text, bottoms, line, column, fragment)


IMAGES, BOXES = (10, 3, 384, 1248), (10, 1, 200, 16)


def detectnet(options: str) -> str:
    param = f"detectnet_groundtruth_param {{ {options} }}"
    return layer_text("DetectNetTransformation", param, "data label", "images grid")


@pytest.mark.parametrize(
    ("options", "size", "grid"),
    [
        ("stride: 16 image_size_x: 1248 image_size_y: 384", (384, 1248), (8 + 1, 24, 78)),
        ("", (384, 1248), (8 + 1, 384 // 4, 1248 // 4)),
        (
            "stride: 16 object_class { src: 1 dst: 0 } object_class { src: 8 dst: 1 }",
            (384, 1248),
            (8 + 2, 24, 78),
        ),
        # to the nearest, halves to the even: 62.5, 63.5
        ("stride: 16 image_size_x: 1000 image_size_y: 1016", (1016, 1000), (8 + 1, 64, 62)),
        ("stride: 3 image_size_x: 100 image_size_y: 101", (101, 100), (8 + 1, 34, 33)),
    ],
)
def test_shapes(options: str, size: Shape, grid: Shape) -> None:
    text = detectnet(options)
    case = set_up(text, IMAGES, BOXES)
    assert case.tops == ((10, 3, *size), (10, *grid))
    assert case.params == {}
    assert case.layer.layer is not None
    assert case.layer.layer.windows((IMAGES, BOXES)) is None
    check_explained(text, IMAGES, BOXES)


def test_explained() -> None:
    text = detectnet("stride: 16 image_size_x: 1000 image_size_y: 1024")
    assert check_explained(text, IMAGES, BOXES) == [
        "grid channels: 8 + 1 = 9",
        "grid height: 1024 / 16 = 64",
        "grid width: floor(1000 / 16) = 62",
    ]


@pytest.mark.parametrize(
    ("options", "bottoms", "line", "column", "fragment"),
    [
        ("stride: 0", (IMAGES, BOXES), 2, 31, "expected stride of at least 1, found 0"),
        ("image_size_x: 4294967295", (IMAGES, BOXES), 2, 31, "expected image_size_x below 2^31"),
        ("", ((10, 1, 8, 8), BOXES), 1, 1, "images of 3 channels, found 10 x 1 x 8 x 8"),
        ("", (IMAGES, (9, 1, 200, 16)), 1, 1, "boxes of 10 images, found 9 x 1 x 200 x 16"),
    ],
)
def test_refused_detectnet(
    options: str, bottoms: tuple[Shape, ...], line: int, column: int, fragment: str
) -> None:
    check_refused(detectnet(options), bottoms, line, column, fragment)
