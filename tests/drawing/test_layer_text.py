"""What boxes say of layers."""

from __future__ import annotations

import pytest

from caffetools.drawing.layer_text import (
    cost_text,
    formulas,
    group_count,
    item_shape_text,
    kernel_text,
    option_text,
    shape_range_text,
    shape_text,
    short_number,
    total_text,
    window_text,
)
from tests.drawing.cases import conv
from tests.nets import given, layer, net

IMAGE = given("data", 2, 6, 20, 30)


def test_extents() -> None:
    assert shape_text((2, 3, 4)) == "2 × 3 × 4"
    assert shape_text(()) == "scalar"
    assert shape_text(None) == "?"


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([(1, 8, 9), (1, 8, 9)], "1 × 8 × 9"),
        ([(1, 8, 9), (1, 64, 9)], "1 × 8…64 × 9"),
        ([(1, 8), (1, 8, 9)], "?"),
        ([None, (1,)], "?"),
        ([(), ()], "scalar"),
        ([(1, None, 9), (1, None, 9)], "1 × ? × 9"),
        ([(1, 8, 9), (1, None, 9)], "1 × 8…? × 9"),
    ],
)
def test_extents_of_all(shapes: list[tuple[int | None, ...] | None], expected: str) -> None:
    assert shape_range_text(shapes) == expected


@pytest.mark.parametrize(
    ("text", "expected", "with_defaults"),
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
        (
            layer(
                "Crop",
                "c",
                "data data",
                "c",
                "crop_param { axis: 1 offset: 0 offset: 0 offset: 0 }",
            ),
            "axis 1, offset 0×0×0",
            "axis 1, offset 0×0×0",
        ),
        (layer("Crop", "c", "data data", "c"), "offset 0", "offset 0"),
        (
            layer(
                "PriorBox",
                "p",
                "data data",
                "p",
                "prior_box_param { min_size: 60 max_size: 111.5 aspect_ratio: 2 aspect_ratio: 3 "
                "flip: true clip: false variance: 0.1 step: 16 }",
            ),
            "min 60, max 111.5, ratios 2 3, step 16",
            "min 60, max 111.5, ratios 2 3, step 16",
        ),
    ],
)
def test_options(text: str, expected: str, with_defaults: str) -> None:
    found = net(IMAGE + text).layers[-1]
    assert option_text(found) == expected
    assert option_text(found, defaults=True) == with_defaults


def test_the_text_of_an_unknown_layer() -> None:
    found = net(IMAGE + layer("NoSuchType", "n", "data", "n", "x_param { size: 3 }")).layers[-1]
    assert (kernel_text(found), window_text(found), group_count(found)) == ("", "", 1)
    assert option_text(found) == "size 3"


def test_where_data_lie_is_left_out() -> None:
    text = layer("Data", "d", "", "d", 'data_param { source: "a" batch_size: 4 backend: LMDB }')
    found = net(text, data_shape=(3, 4, 4)).layers[0]
    assert option_text(found) == "batch_size 4"


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
    assert short_number(number) == expected


def test_axes_of_one_formula_are_one_line() -> None:
    text = given("data", 1, 6, 20, 20) + conv(
        "c", "data", "convolution_param { num_output: 6 kernel_size: 3 group: 2 }"
    )
    found = dict(formulas(net(text).layers[-1]))
    assert found["height, width"] == "(20 − 3 + 2·0) / 1 + 1 = 18"
    assert found["weight"] == "6 · 3 · 3 · 3 = 162"
    assert sum(formula == "6 / 2 = 3" for formula in found.values()) == 1
    assert found["bias"] == "6"


def test_the_parameters_of_the_formulas_add_up() -> None:
    made = net(given("data", 1, 6, 5, 5) + layer("BatchNorm", "b", "data", "b"))
    assert formulas(made.layers[1]) == [("mean, variance", "6"), ("factor", "1")]


def test_axes_that_differ_are_two() -> None:
    text = given("data", 1, 6, 20, 30) + conv(
        "c", "data", "convolution_param { num_output: 6 kernel_size: 3 }"
    )
    names = [name for name, _ in formulas(net(text).layers[-1])]
    assert names[:2] == ["height", "width"]


@pytest.mark.parametrize(
    ("shape", "lanes", "expected"),
    [
        ((8, 3, 227, 227), 1, "227 × 227 × 3"),
        ((8, 64, None, None), 2, "? × ? × 32"),
        ((8, None, 5, 5), 2, "5 × 5 × ?"),
        ((8, 96, 27, 27), 2, "27 × 27 × 48"),
        ((8, 3, 4, 5, 6), 1, "4 × 5 × 6 × 3"),
        ((8, 4096), 1, "4096"),
        ((8,), 1, "8"),
        ((), 1, "scalar"),
        (None, 1, "?"),
    ],
)
def test_item_shape_text(shape: tuple[int | None, ...] | None, lanes: int, expected: str) -> None:
    assert item_shape_text(shape, lanes) == expected


UNKNOWN = layer("Data", "data", "", "data", "data_param { batch_size: 2 }")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (conv("c", "data"), "4 × 3×3×?, pad 1"),
        (
            conv("c", "data", "convolution_param { num_output: 4 kernel_size: 1 group: 2 }"),
            "4 × 1×1×?, 2 groups",
        ),
        (
            layer("Pooling", "p", "data", "p", "pooling_param { kernel_size: 3 stride: 2 }"),
            "MAX 3×3, stride 2",
        ),
        (
            layer("Pooling", "p", "data", "p", "pooling_param { pool: AVE global_pooling: true }"),
            "pool AVE, global_pooling true",
        ),
        (
            layer("InnerProduct", "i", "data", "i", "inner_product_param { num_output: 5 }"),
            "num_output 5",
        ),
    ],
)
def test_options_of_layers_of_unknown_shape(text: str, expected: str) -> None:
    assert option_text(net(UNKNOWN + text).layers[-1]) == expected


def test_totals() -> None:
    known = given("x", 1, 4, 8, 8) + conv("a", "x")  # 4 * 4 * 3 * 3 + 4 parameters
    layers = net(UNKNOWN + conv("c", "data") + known).layers
    assert cost_text(layers[2:]) == "148 parameters, 9,216 multiply-accumulates"
    assert cost_text(layers) == "at least 148 parameters, at least 9,216 multiply-accumulates"
    assert cost_text(layers[:2], short_number) == "? parameters, ? multiply-accumulates"
    assert total_text(0, is_known=True) == "0"
