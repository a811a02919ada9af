"""Pooling over regions."""

from __future__ import annotations

import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.torch.export.loaded_module import load_module
from tests.torch.emission import lines, program_of


@pytest.mark.parametrize(
    ("layer", "channels", "expected"),
    [
        (
            "ROIPooling roi_pooling_param { pooled_h: 6 pooled_w: 7 spatial_scale: 0.0625 }",
            3,
            "roi_pool(a, b, 6, 7, scale=0.0625)",
        ),
        ("ROIPooling roi_pooling_param { pooled_h: 2 pooled_w: 2 }", 3, "roi_pool(a, b, 2, 2)"),
        (
            "PSROIPooling psroi_pooling_param { output_dim: 2 group_size: 3 spatial_scale: 0.5 }",
            18,
            "psroi_pool(a, b, 2, 3, 0.5)",
        ),
    ],
)
def test_lines(layer: str, channels: int, expected: str) -> None:
    assert lines(layer, (1, channels, 8, 8), (4, 5)) == [f"y = {expected}"]


def test_maxima_by_hand() -> None:
    layer = "ROIPooling roi_pooling_param { pooled_h: 2 pooled_w: 2 spatial_scale: 0.5 }"
    module = load_module(program_of(layer, (1, 1, 4, 4), (2, 5)))
    x = torch.arange(16.0).reshape(1, 1, 4, 4).requires_grad_()
    # The second covers columns and rows 1 to 2, once its corners are halved.
    y = module(x, torch.tensor([[0.0, 0, 0, 6, 6], [0, 2, 2, 4, 4]]))
    assert y.flatten(1).tolist() == [[5, 7, 13, 15], [5, 6, 9, 10]]
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.flatten().nonzero().flatten().tolist() == [5, 6, 7, 9, 10, 13, 15]


def test_means_by_hand() -> None:
    layer = "PSROIPooling psroi_pooling_param { output_dim: 1 group_size: 2 spatial_scale: 1 }"
    module = load_module(program_of(layer, (1, 4, 4, 4), (1, 5)))
    # Each of the four bins has a channel of its own: 0, 1, 2, 3.
    x = torch.arange(4.0).reshape(1, 4, 1, 1).expand(1, 4, 4, 4)
    assert module(x, torch.tensor([[0.0, 0, 0, 3, 3]])).flatten().tolist() == [0, 1, 2, 3]


def test_box_annotator_ohem() -> None:
    layer = "BoxAnnotatorOHEM box_annotator_ohem_param { roi_per_img: 128 }"
    shapes = [(4, channels, 1, 1) for channels in (5, 1, 1, 8)]
    assert lines(layer, *shapes, tops=2) == ["y, y1 = box_annotator_ohem(a, b, c, d, 128)"]


SCORES = [(2, 2, 4, 5), (2, 4, 4, 5), (2, 3)]


def test_proposal() -> None:
    options = "base_size: 16 ratio: 1 scale: 8 feat_stride: 16 min_size: 8 nms_thresh: 0.5"
    found = lines(f"Proposal proposal_param {{ {options} }}", *SCORES, tops=2)
    assert found == [
        "m = Proposal([(-56.0, -56.0, 71.0, 71.0)], 16, min_size=8, nms_threshold=0.5)",
        "y, y1 = self.m(a, b, c)",
    ]
    one = lines(f"Proposal proposal_param {{ {options} }}", *SCORES)
    assert one[1] == "y = self.m(a, b, c)[0]"


def test_proposal_without_anchors() -> None:
    with pytest.raises(CaffeToolsError, match="at least one scale and one ratio"):
        lines("Proposal", *SCORES)
