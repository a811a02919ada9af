"""SSD's layers: their lines, and golden cases of each option's kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from tests.torch.emission import Shape, lines, program_of
from tests.torch.golden import check_emitted

GOLDEN = (
    "deteval_bg_last", "deteval_default", "deteval_difficult_left_out", "deteval_overlap_high",
    "detout_bg_none_not_shared", "detout_corner_size_in_target", "detout_default", "detout_eta",
    "detout_keep_both", "detout_none_found", "mbl_agnostic", "mbl_bipartite", "mbl_bp_inside",
    "mbl_center_in_target", "mbl_default", "mbl_difficult_dropped", "mbl_hard_example_nms",
    "mbl_ignore_cross", "mbl_l2", "mbl_logistic_nomining_batch", "mbl_loss_weight",
    "mbl_match_pred", "mbl_neg_overlap", "mbl_nms_no_top_k", "mbl_nms_prior",
    "mbl_normalize_false", "mbl_norm_full", "mbl_not_shared_pred", "mbl_propagate_conf_only",
    "mbl_propagate_loc_only", "mbl_softmax_bg_last", "prior_ars_noflip", "prior_clip",
    "prior_img_hw", "prior_img_size", "prior_minmax", "prior_offset", "prior_step_hw",
    "prior_var1", "prior_var4",
)  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(caffe: Path, name: str) -> None:
    check_emitted(caffe, f"layers_ssd/{name}")


IMAGE: list[Shape] = [(1, 4, 3, 3), (1, 3, 30, 30)]
DETECTIONS: list[Shape] = [(2, 48), (2, 36), (1, 2, 48)]  # 12 priors, 3 classes

CASES = (
    (
        "PriorBox prior_box_param { min_size: 30 }",
        IMAGE,
        ["y = prior_box(a, b, prior_sizes((30.0,)))"],
    ),
    (
        (
            "PriorBox prior_box_param { min_size: 30 max_size: 60 aspect_ratio: 2 flip: false "
            "clip: true variance: 0.2 img_size: 300 step_h: 8 step_w: 16 offset: 0.25 }"
        ),
        IMAGE[:1],
        [
            (
                "y = prior_box(a, a, prior_sizes((30.0,), max_size=(60.0,), "
                "aspect_ratio=(2.0,), flip=False), variance=(0.2,), "
                "image_size=(300, 300), step=(8.0, 16.0), offset=0.25, clip=True)"
            )
        ],
    ),
    (
        "DetectionOutput detection_output_param { num_classes: 3 }",
        DETECTIONS,
        ["m = DetectionOutput(3)", "y = self.m(a, b, c)"],
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
                'm = DetectionOutput(3, background_label_id=-1, code_type="CENTER_SIZE", '
                "nms_threshold=0.45, eta=0.5, top_k=400, keep_top_k=200, confidence_threshold=0.01)"
            ),
            "y = self.m(a, b, c)",
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


@pytest.mark.parametrize(
    ("layer", "bottoms", "note"),
    [
        (
            'DetectionEvaluate detection_evaluate_param { num_classes: 3 name_size_file: "sizes" }',
            [(1, 1, 5, 7), (1, 1, 4, 8)],
            "not in pixels",
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
def test_what_differs_is_told(layer: str, bottoms: list[Shape], note: str) -> None:
    (found,) = program_of(layer, *bottoms).notes
    assert note in found.message


REFUSED = (
    ("PriorBox prior_box_param { min_size: 30 }", IMAGE[:1], "expected a second bottom"),
    (
        "DetectionOutput detection_output_param { num_classes: 3 }",
        [*DETECTIONS, (2, 24)],
        "found a fourth",
    ),
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
