"""SSD's MultiBoxLoss."""

from __future__ import annotations

from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from tests.torch.emission import Shape, lines
from tests.torch.golden import check_emitted

GOLDEN = (
    "mbl_agnostic",
    "mbl_bipartite",
    "mbl_bp_inside",
    "mbl_center_in_target",
    "mbl_default",
    "mbl_difficult_dropped",
    "mbl_hard_example_nms",
    "mbl_ignore_cross",
    "mbl_l2",
    "mbl_logistic_nomining_batch",
    "mbl_loss_weight",
    "mbl_match_pred",
    "mbl_neg_overlap",
    "mbl_nms_no_top_k",
    "mbl_normalize_false",
    "mbl_norm_full",
    "mbl_not_shared_pred",
    "mbl_propagate_conf_only",
    "mbl_propagate_loc_only",
    "mbl_softmax_bg_last",
)  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(caffe: Path, name: str) -> None:
    check_emitted(caffe, f"layers_ssd/{name}")


DETECTIONS: list[Shape] = [(2, 48), (2, 36), (1, 2, 48)]  # 12 priors, 3 classes


CASES = (
    (
        "MultiBoxLoss multibox_loss_param { num_classes: 3 }",
        [*DETECTIONS, (1, 1, 4, 8)],
        ["m = MultiBoxLoss(3)", "y = self.m(a, b, c, d)"],
    ),
    (
        (
            "MultiBoxLoss propagate_down: true propagate_down: false propagate_down: false "
            "propagate_down: false loss_param { normalize: false } multibox_loss_param { "
            "num_classes: 3 nms_param { } mining_type: HARD_EXAMPLE sample_size: 6 }"
        ),
        [*DETECTIONS, (1, 1, 4, 8)],
        [
            (
                'm = MultiBoxLoss(3, mining_type="HARD_EXAMPLE", nms_threshold=0.3, top_k=0, '
                'sample_size=6, normalization="BATCH_SIZE", propagate_conf=False)'
            ),
            "y = self.m(a, b, c, d)",
        ],
    ),
)


@pytest.mark.parametrize(("layer", "bottoms", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], expected: list[str]) -> None:
    assert lines(layer, *bottoms) == expected


REFUSED = (
    (
        "MultiBoxLoss multibox_loss_param { num_classes: 3 ignore_difficult_gt: true }",
        [*DETECTIONS, (1, 1, 4, 8)],
        "ignore_difficult_gt",
    ),
    (
        (
            "MultiBoxLoss loss_param { normalization: PRE_FIXED } "
            "multibox_loss_param { num_classes: 3 }"
        ),
        [*DETECTIONS, (1, 1, 4, 8)],
        "PRE_FIXED",
    ),
)


@pytest.mark.parametrize(("layer", "bottoms", "message"), REFUSED)
def test_what_has_no_counterpart_is_refused(layer: str, bottoms: list[Shape], message: str) -> None:
    with pytest.raises(CaffeToolsError, match=message):
        lines(layer, *bottoms)


def test_region_loss() -> None:
    text = "RegionLoss region_loss_param { num_class: 2 num: 1 biases: [1, 2] %s }"
    shapes = (1, 7, 4, 4), (1, 1, 3, 8)
    assert lines(text % "thresh: 0.5 bias_match: 0", *shapes) == [
        "y = region_loss(a, b, 2, (1.0, 2.0), bias_match=False, thresh=0.5)"
    ]
    with pytest.raises(CaffeToolsError, match="softmax_tree has no counterpart"):
        lines(text % 'softmax_tree: "tree"', *shapes)


def test_yolov3() -> None:
    text = "Yolov3 yolov3_param { num_class: 2 num: 1 biases: [32, 64, 16, 16] mask: 1 %s }"
    shapes = (1, 7, 4, 4), (1, 1, 300, 5)
    assert lines(text % "thresh: 0.5 use_logic_gradient: true", *shapes) == [
        "y = yolov3_loss(a, b, (1.0, 2.0, 0.5, 0.5), (1,), thresh=0.5, use_logic_gradient=True)"
    ]
    with pytest.raises(CaffeToolsError, match="iou_loss CIOU has no counterpart here, only MSE"):
        lines(text % "iou_loss: CIOU", *shapes)
    with pytest.raises(CaffeToolsError, match="expected a mask of the 2 boxes"):
        lines(text.replace("mask: 1", "mask: 2") % "", *shapes)
