"""LRN, BatchNorm, MVN and Softmax."""

from __future__ import annotations

import pytest

from tests.torch.emission import Shape, lines

CASES = (
    ("LRN", [(1, 4, 5, 5)], 1, ["m = nn.LocalResponseNorm(5, alpha=1.0)", "y = self.m(a)"]),
    (
        "LRN lrn_param { local_size: 3 alpha: 0.0001 beta: 0.5 k: 2 }",
        [(1, 4, 5, 5)],
        1,
        ["m = nn.LocalResponseNorm(3, beta=0.5, k=2.0)", "y = self.m(a)"],
    ),
    (
        "LRN lrn_param { norm_region: WITHIN_CHANNEL local_size: 3 }",
        [(1, 4, 5, 5)],
        1,
        ["y = lrn_within_channel(a, 3)"],
    ),
    (
        "LRN lrn_param { norm_region: WITHIN_CHANNEL alpha: 2 beta: 0.5 }",
        [(1, 4, 5, 5)],
        1,
        ["y = lrn_within_channel(a, 5, alpha=2.0, beta=0.5)"],
    ),
    ("BatchNorm", [(1, 4, 5, 5)], 1, ["m = BatchNorm(4)", "y = self.m(a)"]),
    (
        (
            "BatchNorm batch_norm_param { eps: 0.001 moving_average_fraction: 0.9 "
            "use_global_stats: true }"
        ),
        [(1, 4, 5, 5)],
        1,
        [
            "m = BatchNorm(4, eps=0.001, moving_average_fraction=0.9, use_global_stats=True)",
            "y = self.m(a)",
        ],
    ),
    (
        "BatchNorm phase: TEST",
        [(1, 4, 5, 5)],
        1,
        ["m = BatchNorm(4, use_global_stats=True)", "y = self.m(a)"],
    ),
    (
        "BatchNorm phase: TRAIN",
        [(1, 4, 5, 5)],
        1,
        ["m = BatchNorm(4, use_global_stats=False)", "y = self.m(a)"],
    ),
    (
        "BatchNorm batch_norm_param { scale_bias: true bias_filler { value: 2 } }",
        [(1, 4, 5, 5)],
        1,
        [
            "m = BatchNorm(4)",
            "m_scale = Scale((4,), bias=True)",
            "nn.init.constant_(m_scale.bias, 2.0)",
            "y = self.m_scale(self.m(a))",
        ],
    ),
    ("MVN", [(1, 4, 5, 5)], 1, ["y = mean_variance_normalize(a)"]),
    (
        "MVN mvn_param { normalize_variance: false across_channels: true eps: 0.1 }",
        [(1, 4, 5, 5)],
        1,
        ["y = mean_variance_normalize(a, normalize_variance=False, across_channels=True, eps=0.1)"],
    ),
    ("Softmax", [(1, 4, 5, 5)], 1, ["y = F.softmax(a, dim=1)"]),
    ("Softmax softmax_param { axis: -1 }", [(1, 4, 5, 5)], 1, ["y = F.softmax(a, dim=3)"]),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected
