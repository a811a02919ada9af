"""Training targets of Faster R-CNN, by hand; what is drawn is seeded."""

from __future__ import annotations

import math

import pytest
import torch

from caffetools.torch.runtime.proposals import encode_pixels
from caffetools.torch.runtime.py_faster_rcnn import AnchorTarget, ProposalTarget, sample


def test_samples_are_seeded() -> None:
    mask = torch.tensor([True, False, True, True])
    torch.manual_seed(1)
    first = sample(mask, 2)
    assert set(first.tolist()) <= {0, 2, 3}
    torch.manual_seed(1)
    assert torch.equal(sample(mask, 2), first)
    assert sorted(sample(mask, 9).tolist()) == [0, 2, 3]


TRUTH = torch.tensor([[16.0, 0, 31, 15, 3]])
"""The box of the second anchor of a row, with stride 16."""


def test_anchor_targets() -> None:
    """Five anchors of 16 pixels; the last is beyond the image, the second is the object."""
    layer = AnchorTarget([[0.0, 0, 15, 15]], 16)
    info = torch.tensor([[16.0, 64 + 8, 1]])
    labels, targets, inner, outer = layer(torch.zeros(1, 2, 1, 5), TRUTH, info)
    assert labels.shape == (1, 1, 1, 5)
    assert labels.flatten().tolist() == [0, 1, 0, 0, -1]
    assert targets.shape == inner.shape == outer.shape == (1, 4, 1, 5)
    # From the first, the object is one width away; the second is the object.
    assert targets[0, :, 0].t().tolist()[:2] == [[1, 0, 0, 0], [0, 0, 0, 0]]
    assert targets[..., 4].abs().sum() == 0
    assert inner[0, 0, 0].tolist() == [0, 1, 0, 0, 0]
    assert outer[0, 3, 0].tolist() == [0.25, 0.25, 0.25, 0.25, 0]


def test_a_sample_of_anchors() -> None:
    layer = AnchorTarget([[0.0, 0, 15, 15]], 16, allowed_border=16, batch_size=2)
    labels, _, _, outer = layer(torch.zeros(1, 2, 1, 5), TRUTH, torch.tensor([[16.0, 64, 1]]))
    assert labels.flatten()[1] == 1
    assert (labels == 0).sum() == 1
    assert outer.sum() == 4 * 2 * 0.5


def test_the_order_of_several_anchors() -> None:
    layer = AnchorTarget([[0.0, 0, 15, 15], [0, 0, 31, 15]], 16, batch_size=99)
    labels, targets, *_ = layer(torch.zeros(1, 4, 1, 2), TRUTH, torch.tensor([[16.0, 64, 1]]))
    assert labels.shape == (1, 1, 2, 2)
    # The wide one at the first position covers the object and as much again: 1/2 of it.
    assert labels[0, 0].tolist() == [[0, 1], [-1, -1]]
    assert targets[0, :, 0, 0].tolist() == pytest.approx([1, 0, 0, 0, 0.25, 0, -math.log(2), 0])


def test_proposal_targets() -> None:
    rois = torch.tensor([[0.0, 16, 0, 31, 11], [0, 0, 0, 15, 15]])
    rows, labels, targets, inner, outer = ProposalTarget(4)(rois, TRUTH)
    # The first overlaps the object by 3/4; the object is a region, too; the second is background.
    assert labels.tolist() == [3, 3, 0]
    assert rows[2].tolist() == [0, 0, 0, 15, 15]
    assert sorted(rows[:2, 4].tolist()) == [11, 15]
    assert targets.shape == inner.shape == outer.shape == (3, 16)
    first = rows[:2, 4].tolist().index(11)
    codes = encode_pixels(rois[0, 1:], TRUTH[0, :4]) / torch.tensor([0.1, 0.1, 0.2, 0.2])
    torch.testing.assert_close(targets[first], torch.cat([torch.zeros(12), codes]))
    assert inner[:, 12:].tolist() == [[1] * 4, [1] * 4, [0] * 4]
    assert torch.equal(inner, outer)
    assert inner[:, :12].sum() == 0


def test_a_quarter_are_objects() -> None:
    rois = torch.cat([torch.zeros(1, 1), TRUTH[:, :4]], 1).repeat(9, 1)
    background = torch.tensor([[0.0, 0, 0, 15, 15]]).repeat(9, 1)
    layer = ProposalTarget(4, batch_size=8)
    assert layer(torch.cat([rois, background]), TRUTH)[1].tolist() == [3] * 2 + [0] * 6


def test_r_fcn_takes_all_and_has_one_box() -> None:
    rois = torch.tensor([[0.0, 0, 0, 15, 15]]).reshape(1, 5, 1, 1)
    layer = ProposalTarget(2, batch_size=None, agnostic=True)
    rows, labels, targets, inner, _ = layer(rois, TRUTH)
    assert rows.shape == (2, 5, 1, 1)
    assert labels.shape == (2, 1, 1, 1)
    assert labels.flatten().tolist() == [3, 0]
    assert targets.shape == (2, 8, 1, 1)
    assert inner.flatten(1).tolist() == [[0] * 4 + [1] * 4, [0] * 8]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(dtype: torch.dtype) -> None:
    rois, truth = torch.tensor([[0.0, 16, 0, 31, 11]]).to(dtype), TRUTH.to(dtype)
    assert [each.dtype for each in ProposalTarget(4)(rois, truth)] == [dtype] * 5
    layer = AnchorTarget([[0.0, 0, 15, 15]], 16).to(dtype)
    made = layer(torch.zeros(1, 2, 1, 5).to(dtype), truth, torch.tensor([[16.0, 72, 1]]).to(dtype))
    assert [each.dtype for each in made] == [dtype] * 4
