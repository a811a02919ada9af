"""The Python layers of Faster R-CNN and R-FCN."""

from __future__ import annotations

import pytest

from caffetools.errors import CaffeToolsError
from tests.torch.emission import Shape, lines, program_of

ANCHOR = "'ratios': [1], 'scales': [8]"
BOX = "[(-56.0, -56.0, 71.0, 71.0)]"


def layer(module: str, name: str, options: str) -> str:
    return (
        f'Python python_param {{ module: "rpn.{module}" layer: "{name}" param_str: "{options}" }}'
    )


def proposal(options: str) -> str:
    return layer("proposal_layer", "ProposalLayer", options)


SCORES: list[Shape] = [(1, 2, 4, 5), (1, 4, 4, 5), (1, 3)]


@pytest.mark.parametrize(
    ("phase", "counts"),
    [
        ("train", ", pre_nms_top_n=12000, post_nms_top_n=2000"),
        ("test", ""),
    ],
)
def test_proposal_layer(phase: str, counts: str) -> None:
    found = lines(proposal(f"'feat_stride': 16, {ANCHOR}"), *SCORES, phase=phase)
    assert found == [
        f"m = Proposal({BOX}, 16{counts}, drop_small=True)",
        "y = self.m(a, b, c)[0]",
    ]


def test_its_scores_are_a_column() -> None:
    found = lines(proposal(f"'feat_stride': 16, {ANCHOR}"), *SCORES, tops=2)
    assert found[1:] == ["y = self.m(a, b, c)[0]", "y1 = self.m(a, b, c)[1].unsqueeze(1)"]


def test_the_configuration_is_assumed() -> None:
    notes = program_of(proposal("'feat_stride': 16"), (1, 18, 4, 5), (1, 36, 4, 5), (1, 3)).notes
    assert [note.message for note in notes if "py-faster-rcnn is assumed" in note.message]


def test_anchor_target() -> None:
    options = f"'feat_stride': 8, 'allowed_border': 4, {ANCHOR}"
    text = layer("anchor_target_layer", "AnchorTargetLayer", options)
    assert lines(text, (1, 2, 4, 5), (3, 5), (1, 3), tops=4) == [
        f"m = AnchorTarget({BOX}, 8, allowed_border=4)",
        "y, y1, y2, y3 = self.m(a, b, c)",
    ]
    with pytest.raises(CaffeToolsError, match="expected 3 bottoms or more, found 2"):
        lines(text, (1, 2, 4, 5), (3, 5), tops=4)


@pytest.mark.parametrize(
    ("classes", "constructor"),
    [(21, "ProposalTarget(21)"), (2, "ProposalTarget(2, batch_size=None, agnostic=True)")],
)
def test_proposal_target(classes: int, constructor: str) -> None:
    text = layer("proposal_target_layer", "ProposalTargetLayer", f"'num_classes': {classes}")
    assert lines(text, (9, 5), (3, 5), tops=5) == [
        f"m = {constructor}",
        "y, y1, y2, y3, y4 = self.m(a, b)",
    ]
