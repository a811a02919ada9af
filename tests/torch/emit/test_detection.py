"""SSD's DetectionOutput and DetectionEvaluate."""

from __future__ import annotations

from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from tests.torch.emission import Shape, lines, program_of
from tests.torch.golden import check_emitted

GOLDEN = (
    "deteval_bg_last",
    "deteval_default",
    "deteval_difficult_left_out",
    "deteval_overlap_high",
    "detout_bg_none_not_shared",
    "detout_corner_size_in_target",
    "detout_default",
    "detout_eta",
    "detout_keep_both",
    "detout_none_found",
)  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(caffe: Path, name: str) -> None:
    check_emitted(caffe, f"layers_ssd/{name}")


DETECTIONS: list[Shape] = [(2, 48), (2, 36), (1, 2, 48)]  # 12 priors, 3 classes


CASES = (
    (
        "DetectionOutput detection_output_param { num_classes: 3 }",
        DETECTIONS,
        ["y = detection_output(a, b, c, 3)"],
    ),
    (
        (
            "DetectionOutput detection_output_param { num_classes: 3 keep_top_k: 200 "
            "nms_param { nms_threshold: 0.45 top_k: 400 eta: 0.5 } code_type: CENTER_SIZE "
            "confidence_threshold: 0.01 background_label_id: -1 }"
        ),
        DETECTIONS,
        [
            (
                'y = detection_output(a, b, c, 3, background_label_id=-1, code_type="CENTER_SIZE", '
                "nms_threshold=0.45, eta=0.5, top_k=400, keep_top_k=200, confidence_threshold=0.01)"
            )
        ],
    ),
    (
        (
            "DetectionEvaluate detection_evaluate_param { num_classes: 3 "
            "background_label_id: 4294967295 overlap_threshold: 0.75 evaluate_difficult_gt: false }"
        ),
        [(1, 1, 5, 7), (1, 1, 4, 8)],
        [
            (
                "y = detection_evaluate(a, b, 3, background_label_id=-1, overlap_threshold=0.75, "
                "evaluate_difficult_gt=False)"
            )
        ],
    ),
)


@pytest.mark.parametrize(("layer", "bottoms", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], expected: list[str]) -> None:
    assert lines(layer, *bottoms) == expected


@pytest.mark.parametrize(
    ("layer", "bottoms", "note"),
    [
        (
            'DetectionEvaluate detection_evaluate_param { num_classes: 3 name_size_file: "sizes" }',
            [(1, 1, 5, 7), (1, 1, 4, 8)],
            "not pixels",
        ),
        (
            (
                "DetectionOutput detection_output_param { num_classes: 3 "
                'save_output_param { output_directory: "found" } }'
            ),
            DETECTIONS,
            "not written to files",
        ),
    ],
)
def test_differences_are_notes(layer: str, bottoms: list[Shape], note: str) -> None:
    (found,) = program_of(layer, *bottoms).notes
    assert note in found.message


REFUSED = (
    (
        "DetectionOutput detection_output_param { num_classes: 3 }",
        [*DETECTIONS, (2, 24)],
        "found a fourth",
    ),
)


@pytest.mark.parametrize(("layer", "bottoms", "message"), REFUSED)
def test_what_has_no_counterpart_is_refused(layer: str, bottoms: list[Shape], message: str) -> None:
    with pytest.raises(CaffeToolsError, match=message):
        lines(layer, *bottoms)


def test_yolo() -> None:
    options = "num_classes: 2 num_box: 1 biases: 1 biases: 2 nms_threshold: 0.3"
    layer = f"YoloDetectionOutput yolo_detection_output_param {{ {options} }}"
    call = "yolo_detection_output({}, num_classes=2, biases=(1.0, 2.0), nms_threshold=0.3)"
    assert lines(layer, (1, 7, 4, 4)) == [f"y = {call.format('a')}"]
    assert lines(layer, *[(1, 7, 4, 4)] * 3) == [f"y = {call.format('a, b')}"]
    text = "EvalDetection eval_detection_param { side: 4 num_class: 2 num_object: 1 %s }"
    found = lines(text % "biases: [1, 2] nms: 0.5 score_type: OBJ", (1, 7, 4, 4), (1, 1, 3, 8))
    assert found == ['y = eval_detection(a, b, 2, (1.0, 2.0), score_type="OBJ", nms=0.5)']


YOLOV3 = "Yolov3DetectionOutput yolov3_detection_output_param { num_classes: 2 num_box: 1 %s }"


def test_yolov3() -> None:
    """Sizes in cells: 64 / 32 and 32 / 32, 16 / 16 and 8 / 16."""
    options = "biases: [16, 8, 64, 32] mask: [1, 0] anchors_scale: [32, 16] nms_threshold: 0.3"
    found = lines(YOLOV3 % options, (1, 7, 4, 4), (1, 7, 8, 8))
    sizes = "((2.0, 1.0), (1.0, 0.5))"
    assert found == [
        f"y = yolov3_detection_output(a, b, num_classes=2, biases={sizes}, nms_threshold=0.3)"
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("biases: [1, 2] anchors_scale: 32", "an anchors_scale for each of 2 bottoms, found 1"),
        ("biases: [1, 2] mask: [0, 1] anchors_scale: [2, 1]", "a mask of the 1 boxes, found .1."),
        ("biases: [1, 2] mask: [0, 0] anchors_scale: [0, 1]", "a mask of the 1 boxes"),
    ],
)
def test_refused_yolov3(options: str, message: str) -> None:
    with pytest.raises(CaffeToolsError, match=message):
        lines(YOLOV3 % options, (1, 7, 4, 4), (1, 7, 8, 8))


@pytest.mark.parametrize(
    ("options", "shapes", "message"),
    [
        ("biases: 1", [(1, 7, 4, 4), (1, 1, 3, 8)], "expected 2 biases.*found 1"),
        ("biases: [1, 2]", [(1, 7, 4, 4)], "expected a second bottom"),
    ],
)
def test_refused_evaluation(options: str, shapes: list[tuple[int, ...]], message: str) -> None:
    text = "EvalDetection eval_detection_param { side: 4 num_class: 2 num_object: 1 %s }"
    with pytest.raises(CaffeToolsError, match=message):
        lines(text % options, *shapes)
