"""SSD's detections and their evaluation: golden cases, and small ones by hand."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from caffetools.torch.runtime.detection import detection_evaluate, detection_output
from tests.torch.cases import check_case, read_case

CENTER: dict[str, Any] = {"code_type": "CENTER_SIZE", "nms_threshold": 0.45}


@pytest.mark.parametrize(
    ("name", "classes", "options"),
    [
        ("detout_default", 4, {}),
        (
            "detout_ssd",
            3,
            {**CENTER, "top_k": 400, "keep_top_k": 200, "confidence_threshold": 0.01},
        ),
        ("detout_top_k", 4, {**CENTER, "top_k": 5}),
        ("detout_keep_top_k", 4, {**CENTER, "keep_top_k": 7}),
        ("detout_keep_zero", 4, {**CENTER, "keep_top_k": 0}),
        (
            "detout_keep_both",
            3,
            {**CENTER, "top_k": 6, "keep_top_k": 4, "confidence_threshold": 0.15},
        ),
        ("detout_corner", 3, {**CENTER, "code_type": "CORNER", "confidence_threshold": 0.3}),
        (
            "detout_corner_size_in_target",
            3,
            {
                **CENTER,
                "code_type": "CORNER_SIZE",
                "confidence_threshold": 0.2,
                "variance_encoded_in_target": True,
            },
        ),
        (
            "detout_eta",
            3,
            {**CENTER, "nms_threshold": 0.9, "eta": 0.7, "confidence_threshold": 0.1},
        ),
        ("detout_nms_zero", 4, {**CENTER, "nms_threshold": 0, "confidence_threshold": 0.1}),
        ("detout_inverted", 3, {**CENTER, "code_type": "CORNER", "confidence_threshold": 0.2}),
        ("detout_none_found", 4, {**CENTER, "confidence_threshold": 0.999}),
        ("detout_one_image_none", 4, {**CENTER, "confidence_threshold": 0.6}),
        ("detout_bg_last", 3, {**CENTER, "confidence_threshold": 0.3, "background_label_id": 2}),
        ("detout_bg_beyond", 4, {**CENTER, "confidence_threshold": 0.3, "background_label_id": 9}),
        (
            "detout_bg_none_not_shared",
            4,
            {
                **CENTER,
                "confidence_threshold": 0.3,
                "background_label_id": -1,
                "share_location": False,
            },
        ),
        ("detout_ties", 3, {**CENTER, "confidence_threshold": 0.1}),
    ],
)
def test_golden(caffe: Path, name: str, classes: int, options: dict[str, Any]) -> None:
    case = read_case(caffe, f"layers_ssd/{name}")
    check_case(
        case,
        lambda blobs: {
            "y": detection_output(blobs["loc"], blobs["conf"], blobs["prior"], classes, **options)
        },
    )


def inputs() -> tuple[Tensor, Tensor, Tensor]:
    """Two images, three priors of which the first two overlap by 0.8, background and one class."""
    priors = [[0.0, 0, 1, 1], [0.0, 0, 1, 0.8], [0.0, 0, 0.1, 0.1]]
    prior = torch.tensor([priors, [[0.1] * 4] * 3]).reshape(1, 2, 12)
    conf = torch.tensor([[0.3, 0.7, 0.2, 0.8, 0.1, 0.9], [0.9, 0.1, 0.5, 0.5, 1, 0]])
    return torch.zeros(2, 12), conf, prior


def test_by_hand() -> None:
    y = detection_output(*inputs(), 2, confidence_threshold=0.1)
    # the first prior of image 0 overlaps the better second; 0.1 is not above 0.1
    expected = [
        [0, 1, 0.9, 0, 0, 0.1, 0.1],
        [0, 1, 0.8, 0, 0, 1, 0.8],
        [1, 1, 0.5, 0, 0, 1, 0.8],
    ]
    torch.testing.assert_close(y, torch.tensor(expected).reshape(1, 1, 3, 7))


def test_one_row_for_each_image_if_nothing_is_found() -> None:
    y = detection_output(*inputs(), 2, confidence_threshold=0.95)
    assert y[0, 0, :, :3].tolist() == [[0, -1, -1], [1, -1, -1]]
    assert detection_output(*inputs(), 2, top_k=0).shape == (1, 1, 2, 7)


def test_compiles_as_one_graph_and_has_a_shape_before_data() -> None:
    module = partial(detection_output, num_classes=2, confidence_threshold=0.1, keep_top_k=2)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    assert torch.equal(compiled(*inputs()), module(*inputs()))
    assert module(*(tensor.to("meta") for tensor in inputs())).shape == (1, 1, 1, 7)


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
def test_golden_evaluate(caffe: Path, name: str, classes: int, options: dict[str, Any]) -> None:
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
        # the better of the two finds the box first; image 1 comes after the end of the truth
        (True, [[-1, 1, 2, -1, -1], [0, 1, 0.9, 1, 0], [0, 1, 0.7, 1, 0], [0, 1, 0.5, 0, 1]]),
        (False, [[-1, 1, 1, -1, -1], [0, 1, 0.9, 1, 0], [0, 1, 0.7, 0, 0], [0, 1, 0.5, 0, 1]]),
    ],
)
def test_evaluated_by_hand(*, counts_difficult: bool, expected: list[list[float]]) -> None:
    y = detection_evaluate(FOUND, TRUTH, 2, evaluate_difficult_gt=counts_difficult)
    rows = [*expected, [1, 1, 0.2, 0, 1]]
    torch.testing.assert_close(y, torch.tensor(rows).reshape(1, 1, 5, 5))


def test_evaluation_compiles_as_one_graph_and_has_a_shape_before_data() -> None:
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
