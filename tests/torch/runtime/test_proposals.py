"""Region proposals, by hand."""

from __future__ import annotations

import torch

from caffetools.torch.runtime.proposals import (
    Proposal,
    beyond,
    by_anchor,
    decode_pixels,
    encode_pixels,
    grid_anchors,
)

ANCHORS = [[0.0, 0.0, 7.0, 7.0], [-4.0, 0.0, 11.0, 7.0]]


def test_anchors_of_a_map() -> None:
    found = grid_anchors(torch.tensor(ANCHORS), 16, 2, 3)
    assert found.shape == (2 * 3 * 2, 4)
    assert found[3].tolist() == [12, 0, 27, 7]  # the second anchor of the second column
    assert found[6].tolist() == [0, 16, 7, 23]
    maps = torch.arange(24).reshape(1, 4, 2, 3)
    assert by_anchor(maps, 2)[0, :4].tolist() == [[0, 6], [12, 18], [1, 7], [13, 19]]


def test_codes_are_those_of_pixels() -> None:
    """A box of 8 x 8 pixels around 4, moved by half its size and twice as wide."""
    box, codes = torch.tensor([0.0, 0, 7, 7]), torch.tensor([0.5, 0, 2.0, 1]).log()
    codes[:2] = torch.tensor([0.5, 0])
    found = decode_pixels(codes, box)
    assert [round(value, 4) for value in found.tolist()] == [0, 0, 16, 8]
    # The inverse ends one pixel earlier, as the width has one pixel more than the difference.
    torch.testing.assert_close(encode_pixels(box, found - torch.tensor([0.0, 0, 1, 1])), codes)
    assert beyond(box).tolist() == [0, 0, 8, 8]


def scores(*values: float) -> torch.Tensor:
    """Scores of a row of positions with one anchor; those of the background are 9."""
    row = torch.tensor(values).reshape(1, 1, 1, -1)
    return torch.cat([torch.full_like(row, 9), row], 1)


def test_the_best_without_overlaps() -> None:
    """Boxes of 8 pixels, 4 apart: neighbours share 4 of 12 columns."""
    found = Proposal(ANCHORS[:1], 4, min_size=1, nms_threshold=0.3, post_nms_top_n=2)
    values, codes = scores(0.5, 0.9, 0.6, 0.4), torch.zeros(1, 4, 1, 4)
    rois, chances = found(values, codes, torch.tensor([[8.0, 20, 1]]))
    # The third overlaps the second; of the rest, the right one ends at the last column.
    assert rois.tolist() == [[0, 4, 0, 12, 7], [0, 12, 0, 19, 7]]
    assert torch.equal(chances, torch.tensor([0.9, 0.4]))


def test_small_boxes() -> None:
    anchors = ANCHORS[:1]
    values, codes = scores(0.5, 0.9), torch.zeros(1, 4, 1, 2)
    codes[0, 2:, 0, 1] = -2  # the second is 8 / e^2, about 1 pixel wide
    info = torch.tensor([[8.0, 20, 2]])
    rois, chances = Proposal(anchors, 8, min_size=4)(values, codes, info)
    assert (chances.tolist(), len(rois)) == ([0.5, 0], 2)
    _, chances = Proposal(anchors, 8, min_size=4, drop_small=True)(values, codes, info)
    assert chances.tolist() == [0.5]
    four = torch.tensor([[8.0, 20, 2, 5]])  # a width of at least 4 * 5
    assert Proposal(anchors, 8, min_size=4)(values, codes, four)[1].tolist() == [0, 0]


def test_each_image_has_its_own() -> None:
    found = Proposal(ANCHORS, 16, post_nms_top_n=3)
    values, codes = torch.rand(2, 4, 3, 4), torch.randn(2, 8, 3, 4) / 4
    rois, _ = found(values, codes, torch.tensor([[48.0, 64, 1]] * 2))
    assert rois[:, 0].tolist() == [0] * 3 + [1] * 3
    alone, _ = found(values[1:], codes[1:], torch.tensor([[48.0, 64, 1]]))
    assert torch.equal(rois[3:, 1:], alone[:, 1:])
    meta = [each.to("meta") for each in (values, codes, torch.zeros(2, 3))]
    assert [each.shape for each in found.to("meta")(*meta)] == [(6, 5), (6,)]


def test_half_precision() -> None:
    values, codes = torch.rand(1, 4, 3, 4), torch.randn(1, 8, 3, 4)
    info = torch.tensor([[48.0, 64, 1]])
    for dtype in (torch.bfloat16, torch.float16):
        made = Proposal(ANCHORS, 16, post_nms_top_n=3).to(dtype)
        assert made(*(each.to(dtype) for each in (values, codes, info)))[0].dtype == dtype
