"""Where PyTorch's windows are Caffe's, and where they are not."""

from __future__ import annotations

import pytest

from tests.torch.emission import Shape, lines

CASES = (
    (
        "Pooling pooling_param { kernel_size: 3 stride: 2 }",
        [(1, 2, 9, 9)],
        1,
        ["m = nn.MaxPool2d(3, stride=2, ceil_mode=True)", "y = self.m(a)"],
    ),
    (
        "Pooling pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 }",
        [(1, 2, 9, 9)],
        1,
        ["m = nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True)", "y = self.m(a)"],
    ),
    (
        (
            "Pooling pooling_param { kernel_h: 3 kernel_w: 2 stride_h: 1 stride_w: "
            "2 round_mode: FLOOR }"
        ),
        [(1, 2, 9, 9)],
        1,
        ["m = nn.MaxPool2d((3, 2), stride=(1, 2))", "y = self.m(a)"],
    ),
    (
        "Pooling pooling_param { kernel_size: 1 stride: 2 }",
        [(1, 2, 6, 6)],
        1,
        ["y = caffe_max_pool2d(a, (1, 1), (2, 2))"],
    ),
    (
        "Pooling pooling_param { kernel_size: 3 stride: 1 pad: 2 }",
        [(1, 2, 6, 6)],
        1,
        ["y = caffe_max_pool2d(a, (3, 3), (1, 1), padding=(2, 2))"],
    ),
    (
        "Pooling pooling_param { pool: AVE kernel_size: 2 stride: 3 round_mode: FLOOR }",
        [(1, 2, 6, 6)],
        1,
        ["y = caffe_avg_pool2d(a, (2, 2), (3, 3), ceil_mode=False)"],
    ),
    (
        "Pooling pooling_param { global_pooling: true }",
        [(1, 2, 6, 6)],
        1,
        ["m = nn.AdaptiveMaxPool2d(1)", "y = self.m(a)"],
    ),
    (
        "Pooling pooling_param { pool: AVE global_pooling: true }",
        [(1, 2, 6, 6)],
        1,
        ["m = nn.AdaptiveAvgPool2d(1)", "y = self.m(a)"],
    ),
    (
        "Pooling pooling_param { pool: STOCHASTIC kernel_size: 2 stride: 2 }",
        [(1, 2, 6, 6)],
        1,
        ["y = stochastic_pool2d(a, (2, 2), (2, 2), training=self.training)"],
    ),
    (
        "Pooling pooling_param { kernel_size: 2 stride: 2 }",
        [(1, 2, 6, 6)],
        2,
        ["y, y1 = caffe_max_pool2d_with_mask(a, (2, 2), (2, 2))"],
    ),
    (
        "Pooling pooling_param { global_pooling: true }",
        [(1, 2, 6, 5)],
        2,
        ["y, y1 = caffe_max_pool2d_with_mask(a, a.shape[2:], (1, 1))"],
    ),
    ("SPP spp_param { pyramid_height: 3 }", [(1, 2, 9, 8)], 1, ["y = spatial_pyramid_pool(a, 3)"]),
    (
        "SPP spp_param { pyramid_height: 2 pool: AVE }",
        [(1, 2, 9, 8)],
        1,
        ['y = spatial_pyramid_pool(a, 2, method="AVE")'],
    ),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected
