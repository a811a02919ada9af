"""What boxes say of layers."""

from __future__ import annotations

import pytest

from caffetools.drawing.layer_text import (
    extents,
    extents_of_all,
    groups,
    kernels,
    movement,
    options,
    short,
)
from tests.drawing.cases import conv
from tests.nets import given, layer, net

IMAGE = given("data", 2, 6, 20, 30)


def test_extents() -> None:
    assert extents((2, 3, 4)) == "2 × 3 × 4"
    assert extents(()) == "scalar"
    assert extents(None) == "?"


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([(1, 8, 9), (1, 8, 9)], "1 × 8 × 9"),
        ([(1, 8, 9), (1, 64, 9)], "1 × 8…64 × 9"),
        ([(1, 8), (1, 8, 9)], "?"),
        ([None, (1,)], "?"),
        ([(), ()], "scalar"),
    ],
)
def test_extents_of_all(shapes: list[tuple[int, ...] | None], expected: str) -> None:
    assert extents_of_all(shapes) == expected


@pytest.mark.parametrize(
    ("text", "expected", "usual"),
    [
        (
            conv("c", "data", "convolution_param { num_output: 96 kernel_size: 11 stride: 4 }"),
            "96 × 11×11×6, stride 4",
            "96 × 11×11×6, stride 4, pad 0",
        ),
        (
            conv(
                "c",
                "data",
                "convolution_param { num_output: 4 kernel_h: 3 kernel_w: 5 pad_w: 2 "
                "pad_h: 0 stride_h: 1 stride_w: 2 group: 2 dilation: 2 }",
            ),
            "4 × 3×5×3, stride 1×2, pad 0×2, dilation 2, 2 groups",
            "4 × 3×5×3, stride 1×2, pad 0×2, dilation 2, 2 groups",
        ),
        (
            layer(
                "Deconvolution",
                "d",
                "data",
                "d",
                "convolution_param { num_output: 4 kernel_size: 2 stride: 2 group: 2 }",
            ),
            "4 × 2×2×3, stride 2, 2 groups",
            "4 × 2×2×3, stride 2, pad 0, 2 groups",
        ),
        (
            layer("InnerProduct", "f", "data", "f", "inner_product_param { num_output: 10 }"),
            "10 × 3600",  # 6 * 20 * 30
            "10 × 3600",
        ),
        (
            layer(
                "Pooling", "p", "data", "p", "pooling_param { pool: AVE kernel_size: 3 stride: 2 }"
            ),
            "AVE 3×3, stride 2",
            "AVE 3×3, stride 2, pad 0",
        ),
        (
            layer("LRN", "n", "data", "n", "lrn_param { local_size: 5 alpha: 0.0001 }"),
            "local_size 5, alpha 0.0001",
            "local_size 5, alpha 0.0001",
        ),
        (
            layer(
                "Permute", "p", "data", "p", "permute_param { order: 0 order: 2 order: 3 order: 1 }"
            ),
            "order 0 2 3 1",
            "order 0 2 3 1",
        ),
        (
            layer("Scale", "s", "data", "s", "scale_param { bias_term: true filler { value: 2 } }"),
            "bias_term true",
            "bias_term true",
        ),
        (layer("ReLU", "r", "data", "r"), "", ""),
    ],
)
def test_options(text: str, expected: str, usual: str) -> None:
    found = net(IMAGE + text).layers[-1]
    assert options(found) == expected
    assert options(found, usual=True) == usual


def test_of_an_unknown_layer_nothing_is_said_but_what_it_is_told() -> None:
    found = net(IMAGE + layer("Nobody", "n", "data", "n", "nobody_param { size: 3 }")).layers[-1]
    assert (kernels(found), movement(found), groups(found)) == ("", "", 1)
    assert options(found) == "size 3"


def test_where_data_lie_is_left_out() -> None:
    text = layer("Data", "d", "", "d", 'data_param { source: "a" batch_size: 4 backend: LMDB }')
    found = net(text, data_shape=(3, 4, 4)).layers[0]
    assert options(found) == "batch_size 4"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (None, "?"),
        (0, "0"),
        (999, "999"),
        (1000, "1.00 k"),
        (34_944, "34.9 k"),
        (999_499, "999 k"),
        (999_500, "1.00 M"),
        (60_965_224, "61.0 M"),
        (9_999_999, "10.0 M"),
        (10**20, "100000 P"),
    ],
)
def test_short(number: int | None, expected: str) -> None:
    assert short(number) == expected
