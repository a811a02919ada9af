from __future__ import annotations

import pytest

from caffetools.layers.blobs import Shape
from tests.layers.cases import check_explained, check_refused, layer_text, set_up

MODULES = {
    "RoIDataLayer": "roi_data_layer.layer",
    "ProposalLayer": "rpn.proposal_layer",
    "AnchorTargetLayer": "rpn.anchor_target_layer",
    "ProposalTargetLayer": "rpn.proposal_target_layer",
}


def python(name: str, bottoms: str, tops: str, param_str: str) -> str:
    options = f'param_str: "{param_str}" module: "{MODULES[name]}" layer: "{name}"'
    return layer_text("Python", f"python_param {{ {options} }}", bottoms, tops)


FAST = "data rois labels bbox_targets bbox_loss_weights"
NEWER = "data rois labels bbox_targets bbox_inside_weights bbox_outside_weights"


@pytest.mark.parametrize(
    ("tops", "data", "rest"),
    [
        ("data im_info gt_boxes", (1, 3, 600, 1000), ((1, 3), (1, 4))),
        ("data rois labels", (1, 3, 100, 100), ((1, 5), (1,))),
        (FAST, (1, 3, 100, 100), ((1, 5), (1,), (1, 4 * 21), (1, 4 * 21))),
        (NEWER, (2, 3, 600, 1000), ((1, 5), (1,), (1, 4 * 21), (1, 4 * 21), (1, 4 * 21))),
    ],
)
def test_roi_data_layer(tops: str, data: Shape, rest: tuple[Shape, ...]) -> None:
    text = python("RoIDataLayer", "", tops, "'num_classes': 21")
    case = set_up(text)
    assert case.tops == (data, *rest)
    assumed = f"images of {data[2]} x {data[3]} are assumed, as in the project"
    hint = "--data-shape C,H,W or --input-shape data=N,C,H,W"
    assert case.notes == (f"{assumed}; use {hint} to change it",)
    case = set_up(text, data_shape=(3, 375, 500))
    assert (case.tops, case.notes) == (((data[0], 3, 375, 500), *rest), ())


def test_roi_data_layer_refused() -> None:
    text = python("RoIDataLayer", "", "data im_info gt_boxes more", "'num_classes': 21")
    check_refused(text, (), 1, 77, "expected 3 tops, found 4")
    text = python("RoIDataLayer", "", "data a b c", "'num_classes': 21")
    check_refused(text, (), 1, 64, "expected 3, 5 or 6 tops, found 4")
    text = python("RoIDataLayer", "", "data im_info gt_boxes", "'classes': 21")
    check_refused(text, (), 2, 16, "expected an integer as num_classes in param_str")


def test_proposal_layer() -> None:
    text = python("ProposalLayer", "a b c", "rois scores", "'feat_stride': 16")
    bottoms = ((1, 18, 38, 63), (1, 36, 38, 63), (1, 3))
    assert set_up(text, *bottoms).tops == ((1, 5), (1, 1, 1, 1))
    text = python("ProposalLayer", "a b c", "rois", "'feat_stride': 16")
    assert set_up(text, *bottoms).tops == ((1, 5),)
    text = python("ProposalLayer", "a b c", "rois", "")
    check_refused(text, bottoms, 2, 16, "expected an integer as feat_stride")
    text = python("ProposalLayer", "a b", "rois", "'feat_stride': 16")
    check_refused(text, bottoms[:2], 1, 46, "expects 3 bottoms, found 2")


@pytest.mark.parametrize(
    ("param_str", "anchors"),
    [
        ("'feat_stride': 16", 3 * 3),
        ("{'feat_stride': 16, 'scales': [2, 4, 8, 16, 32]}", 5 * 3),
        ("'feat_stride': 16 \\n'scales': !!python/tuple [4, 8, 16, 32]", 4 * 3),
        ("{'feat_stride': 16, 'ratios': [0.5, 1], 'scales': [8]}", 1 * 2),
    ],
)
def test_anchor_target_layer(param_str: str, anchors: int) -> None:
    text = python("AnchorTargetLayer", "a b c d", "w x y z", param_str)
    bottoms = ((1, 18, 38, 63), (1, 4), (1, 3), (1, 3, 600, 1000))
    targets = (1, 4 * anchors, 38, 63)
    assert set_up(text, *bottoms).tops == ((1, 1, anchors * 38, 63), targets, targets, targets)
    steps = check_explained(text, *bottoms)
    assert steps[1] == f"height: {anchors} * 38 = {anchors * 38}"
    layer = set_up(text, *bottoms).layer.layer
    assert layer is not None
    assert layer.windows(bottoms) is None


def test_anchor_target_layer_refused() -> None:
    text = python("AnchorTargetLayer", "a", "w x y z", "'scales': [8]")
    check_refused(text, ((1, 18, 38, 63),), 2, 16, "expected an integer as feat_stride")
    text = python("AnchorTargetLayer", "a", "w x y z", "'feat_stride': 16")
    check_refused(text, ((18,),), 1, 1, "expected a bottom of at least 2 axes, found 18")


def test_proposal_target_layer() -> None:
    text = python("ProposalTargetLayer", "a b", "v w x y z", "'num_classes': 81")
    targets = (1, 4 * 81)
    assert set_up(text, (1, 5), (1, 4)).tops == ((1, 5), (1, 1), targets, targets, targets)
    text = python("ProposalTargetLayer", "a b", "v w x y z", "'num_classes': 2")
    four = (1, 4 * 2, 1, 1)
    assert set_up(text, (1, 5), (1, 4)).tops == ((1, 5, 1, 1), (1, 1, 1, 1), four, four, four)
    text = python("ProposalTargetLayer", "a b", "v w x y z", "")
    check_refused(text, ((1, 5), (1, 4)), 2, 16, "expected an integer as num_classes")
