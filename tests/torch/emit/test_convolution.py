"""Convolutions over one to four axes, batches of any number of axes, and Im2col."""

from __future__ import annotations

import pytest

from tests.torch.emission import Shape, lines

CASES = (
    (
        "Convolution convolution_param { num_output: 4 kernel_size: 3 }",
        [(1, 2, 9, 9)],
        1,
        [
            "m = nn.Conv2d(2, 4, kernel_size=3)",
            "nn.init.zeros_(m.weight)",
            "nn.init.zeros_(m.bias)",
            "y = self.m(a)",
        ],
    ),
    (
        (
            "Convolution convolution_param { num_output: 4 kernel_size: 5 stride: 2 "
            "pad: 2 group: 2 bias_term: false }"
        ),
        [(1, 2, 9, 9)],
        1,
        [
            "m = nn.Conv2d(2, 4, kernel_size=5, stride=2, padding=2, groups=2, bias=False)",
            "nn.init.zeros_(m.weight)",
            "y = self.m(a)",
        ],
    ),
    (
        (
            "Convolution convolution_param { num_output: 4 kernel_h: 1 kernel_w: 3 "
            "pad_h: 0 pad_w: 1 dilation: 2 }"
        ),
        [(1, 2, 9, 9)],
        1,
        [
            "m = nn.Conv2d(2, 4, kernel_size=(1, 3), padding=(0, 1), dilation=2)",
            "nn.init.zeros_(m.weight)",
            "nn.init.zeros_(m.bias)",
            "y = self.m(a)",
        ],
    ),
    (
        "Convolution convolution_param { num_output: 4 kernel_size: 3 }",
        [(1, 2, 9)],
        1,
        [
            "m = nn.Conv1d(2, 4, kernel_size=3)",
            "nn.init.zeros_(m.weight)",
            "nn.init.zeros_(m.bias)",
            "y = self.m(a)",
        ],
    ),
    (
        "Convolution convolution_param { num_output: 4 kernel_size: 3 }",
        [(1, 2, 5, 6, 7)],
        1,
        [
            "m = nn.Conv3d(2, 4, kernel_size=3)",
            "nn.init.zeros_(m.weight)",
            "nn.init.zeros_(m.bias)",
            "y = self.m(a)",
        ],
    ),
    (
        "Convolution convolution_param { num_output: 4 kernel_size: 2 }",
        [(1, 2, 3, 3, 3, 3)],
        1,
        [
            "m = ConvNd(2, 4, (2, 2, 2, 2), (1, 1, 1, 1), (0, 0, 0, 0), (1, 1, 1, 1))",
            "nn.init.zeros_(m.weight)",
            "nn.init.zeros_(m.bias)",
            "y = self.m(a)",
        ],
    ),
    (
        "Convolution convolution_param { num_output: 4 kernel_size: 3 axis: 2 }",
        [(5, 6, 2, 9, 9)],
        1,
        [
            "m = nn.Conv2d(2, 4, kernel_size=3)",
            "nn.init.zeros_(m.weight)",
            "nn.init.zeros_(m.bias)",
            "y = self.m(a.flatten(0, 1)).unflatten(0, a.shape[:2])",
        ],
    ),
    (
        "Convolution convolution_param { num_output: 4 kernel_size: 3 axis: 0 }",
        [(2, 9, 9)],
        1,
        [
            "m = nn.Conv2d(2, 4, kernel_size=3)",
            "nn.init.zeros_(m.weight)",
            "nn.init.zeros_(m.bias)",
            "y = self.m(a.unsqueeze(0)).squeeze(0)",
        ],
    ),
    (
        "Convolution convolution_param { num_output: 4 kernel_size: 4 stride: 2 }",
        [(1, 2, 3, 3)],
        1,
        [
            "m = nn.Conv2d(2, 4, kernel_size=4, stride=2)",
            "nn.init.zeros_(m.weight)",
            "nn.init.zeros_(m.bias)",
            "y = self.m(F.pad(a, (0, 1, 0, 1)))",
        ],
    ),
    (
        (
            "Deconvolution convolution_param { num_output: 4 kernel_size: 4 stride: "
            '2 pad: 1 group: 4 weight_filler { type: "bilinear" } }'
        ),
        [(1, 4, 9, 9)],
        1,
        [
            "m = nn.ConvTranspose2d(4, 4, kernel_size=4, stride=2, padding=1, groups=4)",
            "bilinear_(m.weight)",
            "nn.init.zeros_(m.bias)",
            "y = self.m(a)",
        ],
    ),
    (
        "Deconvolution convolution_param { num_output: 4 kernel_size: 2 }",
        [(1, 2, 3, 3, 3, 3)],
        1,
        [
            "m = ConvTransposeNd(2, 4, (2, 2, 2, 2), (1, 1, 1, 1), (0, 0, 0, 0), (1, 1, 1, 1))",
            "nn.init.zeros_(m.weight)",
            "nn.init.zeros_(m.bias)",
            "y = self.m(a)",
        ],
    ),
    (
        "DepthwiseConvolution convolution_param { num_output: 2 kernel_size: 3 group: 2 }",
        [(1, 2, 9, 9)],
        1,
        [
            "m = nn.Conv2d(2, 2, kernel_size=3, groups=2)",
            "nn.init.zeros_(m.weight)",
            "nn.init.zeros_(m.bias)",
            "y = self.m(a)",
        ],
    ),
    (
        (
            "ConvolutionDepthwise convolution_param { kernel_size: 3 stride: 2 pad: 1 "
            'bias_term: false weight_filler { type: "msra" } }'
        ),
        [(1, 6, 9, 9)],
        1,
        [
            "m = nn.Conv2d(6, 6, kernel_size=3, stride=2, padding=1, groups=6, bias=False)",
            "msra_(m.weight)",
            "y = self.m(a)",
        ],
    ),
    (
        "ConvolutionDepthwise convolution_param { kernel_size: 2 bias_filler { value: 1 } }",
        [(1, 6, 9)],
        1,
        [
            "m = nn.Conv2d(6, 6, kernel_size=2, groups=6)",
            "nn.init.zeros_(m.weight)",
            "nn.init.ones_(m.bias)",
            # The one column of the image is narrower than the kernel.
            "y = self.m(F.pad(a.reshape(1, 6, 9, 1), (0, 1, 0, 0)))",
        ],
    ),
    (
        "Im2col convolution_param { kernel_size: 3 stride: 2 pad: 1 }",
        [(1, 2, 9, 9)],
        1,
        ["y = im2col(a, (3, 3), (2, 2), (1, 1), (1, 1))"],
    ),
    (
        "Im2col convolution_param { kernel_size: 3 axis: 2 }",
        [(3, 1, 2, 9, 9)],
        1,
        ["y = im2col(a.flatten(0, 1), (3, 3), (1, 1), (0, 0), (1, 1)).unflatten(0, a.shape[:2])"],
    ),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected
