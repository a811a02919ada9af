"""MultiBoxLoss: golden cases, and the loss of one box by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from caffetools.torch.runtime.detection_loss import MultiBoxLoss
from caffetools.torch.runtime.elementwise import Bias
from tests.torch.cases import check_case, check_runs_everywhere, gradients, read_case

CENTER = {"code_type": "CENTER_SIZE"}


@pytest.mark.parametrize(
    ("name", "classes", "options"),
    [
        ("mbl_default", 4, {}),
        ("mbl_agnostic", 2, {"map_object_to_agnostic": True, "mining_type": "NONE"}),
        ("mbl_agnostic_mining", 2, {"map_object_to_agnostic": True}),
        ("mbl_bipartite", 4, {"match_type": "BIPARTITE"}),
        ("mbl_bp_inside", 4, {"bp_inside": True}),
        (
            "mbl_bp_inside_corner",
            4,
            {"code_type": "CORNER", "bp_inside": True, "use_prior_for_matching": False},
        ),
        ("mbl_center_in_target", 4, {"encode_variance_in_target": True}),
        ("mbl_corner_in_target", 4, {"code_type": "CORNER", "encode_variance_in_target": True}),
        ("mbl_corner_size", 4, {"code_type": "CORNER_SIZE"}),
        ("mbl_difficult_dropped", 4, {"use_difficult_gt": False}),
        ("mbl_hard_example", 4, {"mining_type": "HARD_EXAMPLE", "sample_size": 7}),
        (
            "mbl_hard_example_nms",
            4,
            {"mining_type": "HARD_EXAMPLE", "sample_size": 6, "nms_threshold": 0.5, "top_k": 12},
        ),
        ("mbl_ignore_cross", 4, {"ignore_cross_boundary_bbox": True}),
        ("mbl_l2", 4, {"loc_loss_type": "L2"}),
        ("mbl_logistic", 4, {"conf_loss_type": "LOGISTIC"}),
        ("mbl_logistic_bg2", 3, {"conf_loss_type": "LOGISTIC", "background_label_id": 2}),
        (
            "mbl_logistic_nomining_batch",
            4,
            {"conf_loss_type": "LOGISTIC", "mining_type": "NONE"},
        ),
        ("mbl_match_pred", 4, {"use_prior_for_matching": False}),
        ("mbl_neg_overlap", 4, {"neg_overlap": 0.1, "neg_pos_ratio": 20}),
        ("mbl_nms_no_top_k", 4, {"neg_pos_ratio": 2, "nms_threshold": 0.4, "top_k": 0}),
        ("mbl_nms_pred", 4, {"neg_pos_ratio": 2, "nms_threshold": 0.4, "top_k": 100}),
        (
            "mbl_nms_prior",
            4,
            {"neg_pos_ratio": 2, "nms_threshold": 0.4, "top_k": 20, "use_prior_for_nms": True},
        ),
        ("mbl_no_gt", 4, {}),
        ("mbl_norm_full", 4, {"normalization": "FULL", "loc_weight": 0.5}),
        ("mbl_normalize_false", 4, {"normalization": "BATCH_SIZE"}),
        ("mbl_not_shared", 3, {"share_location": False, "mining_type": "NONE"}),
        (
            "mbl_not_shared_pred",
            3,
            {"share_location": False, "mining_type": "NONE", "use_prior_for_matching": False},
        ),
        ("mbl_one_image_empty_nomining", 4, {"mining_type": "NONE"}),
        ("mbl_pad_mid", 4, {}),
        ("mbl_softmax_bg_last", 4, {"background_label_id": 3}),
        ("mbl_test_phase", 4, {}),
    ],
)
def test_golden(caffe: Path, name: str, classes: int, options: dict[str, Any]) -> None:
    case = read_case(caffe, f"layers_ssd/{name}")
    loc = Bias(case.arrays["in/loc"].shape, axis=0)
    conf = Bias(case.arrays["in/conf"].shape, axis=0)
    code_type = {} if name == "mbl_default" else CENTER
    loss = MultiBoxLoss(classes, **{**code_type, **options})
    check_case(
        case,
        lambda b: {"y": loss(loc(b["loc"]), conf(b["conf"]), b["prior"], b["gt"])},
        {"loc_b": loc, "conf_b": conf} if "param/loc_b/0" in case.arrays else None,
    )


@pytest.mark.parametrize("kept", ["loc", "conf"])
def test_golden_of_one_half(caffe: Path, kept: str) -> None:
    case = read_case(caffe, f"layers_ssd/mbl_propagate_{kept}_only")
    biases = {
        f"{half}_b": Bias(case.arrays[f"in/{half}"].shape, axis=0) for half in ("loc", "conf")
    }
    loss = MultiBoxLoss(
        4, code_type="CENTER_SIZE", propagate_loc=kept == "loc", propagate_conf=kept == "conf"
    )
    check_case(
        case,
        lambda b: {
            "y": loss(biases["loc_b"](b["loc"]), biases["conf_b"](b["conf"]), b["prior"], b["gt"])
        },
        biases,
    )


PRIORS = [[0.0, 0, 0.5, 1], [0.5, 0, 1, 1], [0, 0, 0.1, 0.1], [0.9, 0.9, 1, 1]]


def inputs() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """One image with one true box, on the left half as the first prior is; four priors."""
    prior = torch.tensor([PRIORS, [[0.1] * 4] * 4]).reshape(1, 2, 16)
    truth = torch.tensor([0, 1, 0, 0.0, 0, 0.5, 1, 0]).reshape(1, 1, 1, 8)
    loc = torch.zeros(1, 16)
    loc[0, :2] = torch.tensor([3.0, 0.5])
    conf = torch.zeros(1, 8)
    conf[0, 2] = -1.0
    return loc, conf, prior, truth


def test_by_hand() -> None:
    loc, conf, prior, truth = inputs()
    # |3| - 0.5 and 0.5 * 0.5^2; log 2 for the match; one negative of the ratio 1.5, the hardest
    loc_loss = 2.5 + 0.125
    conf_loss = math.log(2) + math.log(1 + math.e)
    loss = MultiBoxLoss(2, neg_pos_ratio=1.5)
    assert loss(loc, conf, prior, truth).item() == pytest.approx(loc_loss + conf_loss)
    weighted = MultiBoxLoss(2, neg_pos_ratio=1.5, loc_weight=2, normalization="FULL")
    expected = (2 * loc_loss + conf_loss) / 4
    assert weighted(loc, conf, prior, truth).item() == pytest.approx(expected)


def test_proper_logistic_targets() -> None:
    loc, conf, prior, truth = inputs()
    loss = MultiBoxLoss(
        2, conf_loss_type="LOGISTIC", mining_type="NONE", proper_targets=True, propagate_loc=False
    )
    # seven scores of 0 cost log 2, that of -1 the background's target 1
    expected = 7 * math.log(2) + math.log(1 + math.e)
    conf.requires_grad_()
    value = loss(loc, conf, prior, truth)
    assert value.item() == pytest.approx(expected)
    # sigmoid - target: the first prior is to be class 1, the others background
    (gradient,) = gradients(value, conf)
    assert gradient[0, :2].tolist() == [0.5, -0.5]
    assert gradient[0, 4:].tolist() == [-0.5, 0.5] * 2


def test_no_true_box_at_all() -> None:
    loc, conf, prior, truth = inputs()
    nothing = torch.full_like(truth, -1)
    assert MultiBoxLoss(2)(loc, conf, prior, nothing).item() == 0
    loc.requires_grad_()
    assert gradients(MultiBoxLoss(2)(loc, conf, prior, nothing), loc)[0].abs().max() == 0


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"conf_loss_type": "LOGISTIC", "mining_type": "NONE"},
        {"mining_type": "HARD_EXAMPLE", "nms_threshold": 0.5, "top_k": 3},
    ],
)
def test_runs_everywhere(options: dict[str, Any]) -> None:
    check_runs_everywhere(MultiBoxLoss(2, **options), *inputs())
