from __future__ import annotations

import pytest

from caffetools.layers.base import Shape, Window
from tests.layers.cases import check_explained, check_refused, layer_text, set_up


def depthwise(options: str, kind: str = "ConvolutionDepthwise") -> str:
    return layer_text(kind, f"convolution_param {{ {options} }}")


def local(options: str) -> str:
    return f'layers {{ name: "l" type: LOCAL bottom: "a" top: "y"\nlocal_param {{ {options} }} }}'


@pytest.mark.parametrize("kind", ["ConvolutionDepthwise", "DepthwiseConvolution"])
def test_a_kernel_for_each_channel(kind: str) -> None:
    text = depthwise("num_output: 32 group: 32 kernel_size: 3 pad: 1 stride: 2", kind)
    case = set_up(text, (8, 32, 112, 112))
    assert case.tops == ((8, 32, 56, 56),)
    assert case.params == {"weight": (32, 1, 3, 3), "bias": (32,)}
    assert case.macs == 8 * 56 * 56 * 32 * 1 * 3 * 3
    assert case.notes == ()
    check_explained(text, (8, 32, 112, 112))


@pytest.mark.parametrize(
    ("options", "bottom", "top", "params"),
    [
        ("kernel_size: 3", (1, 4, 9, 9), (1, 4, 7, 7), {"weight": (4, 1, 3, 3), "bias": (4,)}),
        (
            "bias_term: false kernel_h: 1 kernel_w: 3 stride_h: 2 stride_w: 1 pad_h: 0 pad_w: 1",
            (2, 4, 9, 9),
            (2, 4, (9 - 1) // 2 + 1, 9),
            {"weight": (4, 1, 1, 3)},
        ),
        (
            "bias_term: false kernel_size: 3 dilation: 2",
            (2, 4, 9, 9),
            (2, 4, 9 - 5 + 1, 9 - 5 + 1),
            {"weight": (4, 1, 3, 3)},
        ),
        ("kernel_size: 1", (5, 4), (5, 4, 1, 1), {"weight": (4, 1, 1, 1), "bias": (4,)}),
    ],
)
def test_depthwise(options: str, bottom: Shape, top: Shape, params: dict[str, Shape]) -> None:
    case = set_up(depthwise(options), bottom)
    assert case.tops == (top,)
    assert case.params == params
    check_explained(depthwise(options), bottom)


def test_num_output_is_not_read() -> None:
    case = set_up(depthwise("num_output: 7 kernel_size: 1"), (1, 4, 3, 3))
    assert case.tops == ((1, 4, 3, 3),)
    assert case.notes == ("num_output 7 is not read: the top has 4 channels",)


def test_a_filler_of_a_fork() -> None:
    options = 'kernel_size: 1 weight_filler { type: "identity" }'
    assert "'identity'" in set_up(depthwise(options), (1, 4, 3, 3)).notes[0]


@pytest.mark.parametrize(
    ("options", "bottom", "height", "width"),
    [
        ("num_output: 3 kernel_size: 1", (2, 8, 32, 32), 32, 32),
        ("num_output: 6 kernel_size: 3 stride: 2 pad: 1", (2, 4, 9, 8), 5, 4),
    ],
)
def test_local(options: str, bottom: Shape, height: int, width: int) -> None:
    case = set_up(local(options), bottom)
    outputs = int(options.split()[1])
    kernel = int(options.split()[3])
    inputs = bottom[1] * kernel * kernel
    assert case.tops == ((bottom[0], outputs, height, width),)
    assert case.params == {
        "weight": (outputs, 1, inputs, height * width),
        "bias": (1, 1, outputs, height * width),
    }
    assert case.macs == bottom[0] * outputs * inputs * height * width
    check_explained(local(options), bottom)


def test_local_without_bias() -> None:
    text = local("num_output: 2 kernel_size: 2 bias_term: false")
    assert set_up(text, (1, 3, 4, 4)).params == {"weight": (2, 1, 3 * 2 * 2, 3 * 3)}
    assert check_explained(text, (1, 3, 4, 4)) == [
        "height: (4 - 2 + 2*0) / 1 + 1 = 3",
        "width: (4 - 2 + 2*0) / 1 + 1 = 3",
        "inputs of a place: 3 * 2 * 2 = 12",
        "weight: 2 * 12 * 9 = 216",
        "multiply-accumulates: 1 * 2 * 1 * 12 * 9 = 216",
    ]


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        (depthwise("kernel_size: 3 stride: 2 pad: 1"), [Window(3, 2, 1)] * 2),
        (local("num_output: 2 kernel_size: 3 stride: 2 pad: 1"), [Window(3, 2, 1)] * 2),
    ],
)
def test_windows(text: str, windows: list[Window]) -> None:
    layer = set_up(text, (1, 2, 8, 8)).layer.layer
    assert layer is not None
    assert layer.windows(((1, 2, 8, 8),)) == windows


@pytest.mark.parametrize(
    ("text", "bottom", "line", "column", "fragment"),
    [
        (depthwise(""), (1, 2, 4, 4), 2, 1, "expected kernel_size once"),
        (depthwise("kernel_size: 0"), (1, 2, 4, 4), 2, 21, "a kernel of at least 1, found 0"),
        (depthwise("kernel_size: 1"), (1,) * 5, 1, 1, "expected a bottom of at most 4 axes"),
        (local("kernel_size: 1"), (1, 2, 4, 4), 2, 1, "num_output of at least 1, found 0"),
        (
            local("num_output: 1 kernel_size: 0"),
            (1, 2, 4, 4),
            2,
            29,
            "kernel_size of at least 1, found 0",
        ),
        (
            local("num_output: 1 kernel_size: 1 stride: 0"),
            (1, 2, 4, 4),
            2,
            44,
            "stride of at least 1, found 0",
        ),
        (
            local("num_output: 1 kernel_size: 5 pad: 2"),
            (1, 2, 6, 4),
            2,
            29,
            "expected a kernel of at most 4, the bottom's, found 5",
        ),
    ],
)
def test_refused(text: str, bottom: Shape, line: int, column: int, fragment: str) -> None:
    check_refused(text, (bottom,), line, column, fragment)
