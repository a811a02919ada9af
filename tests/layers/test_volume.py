"""C3D's layers over volumes, in both forms of their options."""

from __future__ import annotations

import pytest

from caffetools.layers.blobs import Shape
from tests.layers.cases import check_explained, check_refused, layer_text, set_up

VIDEO = (2, 3, 16, 112, 112)


def volume(kind: str, options: str, field: str = "") -> str:
    return layer_text(f"{kind}3D", f"{field or kind.lower() + '3d_param'} {{ {options} }}")


@pytest.mark.parametrize(
    ("text", "top", "params"),
    [
        (
            volume("Convolution", "num_output: 64 kernel_size: 3 kernel_depth: 5 temporal_pad: 1"),
            (2, 64, 14, 110, 110),  # 16 + 2 - 5 + 1, 112 - 3 + 1
            {"weight": (64, 3, 5, 3, 3), "bias": (1, 1, 1, 1, 64)},
        ),
        (
            volume(
                "Convolution",
                "num_output: 8 kernel_size: 3 kernel_depth: 1 stride: 2 temporal_stride: 3 pad: 1"
                " bias_term: false group: 3",
                "convolution_param",
            ),
            (2, 8, 6, 56, 56),  # (16 - 1) / 3 + 1, (112 + 2 - 3) / 2 + 1
            {"weight": (8, 3, 1, 3, 3)},
        ),
        (
            volume(
                "Deconvolution",
                "num_output: 64 kernel_size: 4 kernel_depth: 2 stride: 2 temporal_stride: 2 pad: 1",
                "convolution3d_param",
            ),
            (2, 64, 32, 224, 224),  # 15 * 2 + 2, 111 * 2 + 4 - 2
            {"weight": (3, 64, 2, 4, 4), "bias": (1, 1, 1, 1, 64)},
        ),
        (
            volume("Pooling", "kernel_size: 2 stride: 2 kernel_depth: 3 temporal_stride: 4"),
            (2, 3, 5, 56, 56),  # ceil(13 / 4) + 1, 110 / 2 + 1
            {},
        ),
        (
            volume("Pooling", "pool: AVE kernel_size: 3 pad: 1 kernel_depth: 16", "pooling_param"),
            (2, 3, 1, 112, 112),
            {},
        ),
    ],
)
def test_shapes(text: str, top: Shape, params: dict[str, Shape]) -> None:
    case = set_up(text, VIDEO)
    assert (case.tops, case.params) == ((top,), params)
    check_explained(text, VIDEO)


def test_multiply_accumulates() -> None:
    text = volume("Convolution", "num_output: 4 kernel_size: 3 kernel_depth: 2")
    assert set_up(text, (1, 3, 4, 5, 6)).macs == 3 * 3 * 4 * (4 * 3 * 2 * 3 * 3)


@pytest.mark.parametrize(
    ("text", "bottom", "line", "column", "fragment"),
    [
        (
            volume("Convolution", "num_output: 4 kernel_size: 3 kernel_depth: 3"),
            (1, 3, 9, 9),
            1,
            1,
            "expected a bottom of 5 axes, found 1 x 3 x 9 x 9",
        ),
        (volume("Convolution", "num_output: 4 kernel_size: 3"), VIDEO, 2, 1, "kernel_depth of at"),
        (volume("Convolution", "num_output: 4 kernel_depth: 3"), VIDEO, 2, 1, "a kernel_size and"),
        (
            volume("Pooling", "kernel_size: 2 kernel_depth: 2 pad: 1"),
            VIDEO,
            2,
            50,
            "pad expected AVE pooling, found MAX",
        ),
    ],
)
def test_refused(text: str, bottom: Shape, line: int, column: int, fragment: str) -> None:
    check_refused(text, (bottom,), line, column, fragment)
