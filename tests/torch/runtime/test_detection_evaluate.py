"""DetectionEvaluate: golden cases, and a few detections by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from caffetools.torch.runtime.detection_evaluate import detection_evaluate
from tests.torch.cases import check_case, read_case


@pytest.mark.parametrize(
    ("name", "classes", "options"),
    [
        ("deteval_default", 4, {}),
        ("deteval_bg_last", 4, {"background_label_id": 3}),
        ("deteval_difficult", 4, {}),
        ("deteval_difficult_left_out", 4, {"evaluate_difficult_gt": False}),
        ("deteval_empty_det_row", 4, {}),
        ("deteval_image_without_det", 4, {}),
        ("deteval_image_without_gt", 4, {}),
        ("deteval_label_without_gt", 4, {}),
        ("deteval_no_det", 4, {}),
        ("deteval_overlap_high", 4, {"overlap_threshold": 0.8}),
        ("deteval_overlap_low", 4, {"overlap_threshold": 0.2}),
        ("deteval_pad", 4, {}),
        ("deteval_pad_mid", 4, {}),
        ("deteval_two_classes", 2, {}),
    ],
)
def test_golden(caffe: Path, name: str, classes: int, options: dict[str, Any]) -> None:
    case = read_case(caffe, f"layers_ssd/{name}")
    check_case(
        case,
        lambda blobs: {"y": detection_evaluate(blobs["det"], blobs["gt"], classes, **options)},
    )


TRUTH = torch.tensor(
    [
        [0, 1, 0, 0, 0, 1, 1, 0],
        [0, 1, 0, 5, 5, 6, 6, 1],
        [-1, -1, -1, -1, -1, -1, -1, -1],
        [1, 1, 0, 0, 0, 1, 1, 0],
    ]
).float()
FOUND = torch.tensor(
    [
        [0, 1, 0.5, 0, 0, 1, 0.9],
        [0, 1, 0.9, 0, 0, 1, 0.8],
        [0, 1, 0.7, 5, 5, 6, 6],
        [1, 1, 0.2, 0, 0, 1, 1],
        [1, -1, -1, -1, -1, -1, -1],
    ]
)


@pytest.mark.parametrize(
    ("counts_difficult", "expected"),
    [
        # the better of the two finds the box first; image 1 stands after the end of the truth
        (True, [[-1, 1, 2, -1, -1], [0, 1, 0.9, 1, 0], [0, 1, 0.7, 1, 0], [0, 1, 0.5, 0, 1]]),
        (False, [[-1, 1, 1, -1, -1], [0, 1, 0.9, 1, 0], [0, 1, 0.7, 0, 0], [0, 1, 0.5, 0, 1]]),
    ],
)
def test_by_hand(*, counts_difficult: bool, expected: list[list[float]]) -> None:
    y = detection_evaluate(FOUND, TRUTH, 2, evaluate_difficult_gt=counts_difficult)
    rows = [*expected, [1, 1, 0.2, 0, 1]]
    torch.testing.assert_close(y, torch.tensor(rows).reshape(1, 1, 5, 5))


def test_compiles_as_one_graph_and_has_a_shape_before_data() -> None:
    compiled = torch.compile(detection_evaluate, fullgraph=True, backend="aot_eager")
    assert torch.equal(compiled(FOUND, TRUTH, 2), detection_evaluate(FOUND, TRUTH, 2))
    on_meta = detection_evaluate(FOUND.to("meta"), TRUTH.to("meta"), 3)
    assert on_meta.shape == (1, 1, 2 + 5, 5)


def test_compiles_behind_detections_whose_number_the_data_say() -> None:
    def marks(found: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        return detection_evaluate(found[found[:, 2] > 0.3], truth, 2)

    compiled = torch.compile(marks, fullgraph=True, backend="aot_eager")
    with torch._dynamo.config.patch(capture_dynamic_output_shape_ops=True):
        assert torch.equal(compiled(FOUND, TRUTH), marks(FOUND, TRUTH))
