from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.layers.blobs import Shape, count
from caffetools.layers.window import Window
from tests.layers.cases import bottoms_of, check_explained, check_refused, layer_text, set_up

IMAGE = (1, 4, 9, 9)


def convolution(options: str, bottoms: str = "a", tops: str = "y") -> str:
    return layer_text("Convolution", f"convolution_param {{ {options} }}", bottoms, tops)


def deconvolution(options: str) -> str:
    return layer_text("Deconvolution", f"convolution_param {{ {options} }}")


@pytest.mark.parametrize(
    ("options", "bottom", "top", "params", "macs"),
    [
        (
            "num_output: 96 kernel_size: 11 stride: 4",
            (256, 3, 227, 227),
            (256, 96, 55, 55),
            {"weight": (96, 3, 11, 11), "bias": (96,)},
            256 * 55 * 55 * 96 * 3 * 11 * 11,
        ),
        (
            "num_output: 256 pad: 2 kernel_size: 5 group: 2",
            (256, 96, 27, 27),
            (256, 256, 27, 27),
            {"weight": (256, 96 // 2, 5, 5), "bias": (256,)},
            256 * 27 * 27 * 256 * 48 * 5 * 5,
        ),
        (
            "num_output: 4 kernel_size: 1 bias_term: false",
            (1, 3, 8, 9),
            (1, 4, 8, 9),
            {"weight": (4, 3, 1, 1)},
            8 * 9 * 4 * 3,
        ),
        (
            "num_output: 6 kernel_h: 3 kernel_w: 1 pad_h: 1 pad_w: 0 stride_h: 1 stride_w: 2",
            (2, 4, 5, 7),
            (2, 6, 5, 4),
            {"weight": (6, 4, 3, 1), "bias": (6,)},
            2 * 5 * 4 * 6 * 4 * 3 * 1,
        ),
        (
            "num_output: 2 kernel_size: 3 dilation: 2 pad: 2",
            (1, 1, 8, 8),
            (1, 2, 8, 8),
            {"weight": (2, 1, 3, 3), "bias": (2,)},
            8 * 8 * 2 * 1 * 3 * 3,
        ),
        # One, three and no spatial axes.
        (
            "num_output: 5 kernel_size: 3",
            (2, 4, 10),
            (2, 5, 8),
            {"weight": (5, 4, 3), "bias": (5,)},
            2 * 8 * 5 * 4 * 3,
        ),
        (
            "num_output: 5 kernel_size: 1 kernel_size: 2 kernel_size: 3",
            (2, 4, 6, 6, 6),
            (2, 5, 6, 5, 4),
            {"weight": (5, 4, 1, 2, 3), "bias": (5,)},
            2 * 6 * 5 * 4 * 5 * 4 * 1 * 2 * 3,
        ),
        (
            "num_output: 5 kernel_size: 1",
            (2, 4),
            (2, 5),
            {"weight": (5, 4), "bias": (5,)},
            2 * 5 * 4,
        ),
        # The channels on another axis.
        (
            "num_output: 5 kernel_size: 3 axis: 2",
            (2, 7, 4, 9),
            (2, 7, 5, 7),
            {"weight": (5, 4, 3), "bias": (5,)},
            2 * 7 * 7 * 5 * 4 * 3,
        ),
        (
            "num_output: 5 kernel_size: 3 axis: -3",
            (4, 9, 9),
            (5, 7, 7),
            {"weight": (5, 4, 3, 3), "bias": (5,)},
            7 * 7 * 5 * 4 * 3 * 3,
        ),
        # No item at all.
        (
            "num_output: 5 kernel_size: 3",
            (0, 4, 9, 9),
            (0, 5, 7, 7),
            {"weight": (5, 4, 3, 3), "bias": (5,)},
            0,
        ),
    ],
)
def test_convolution(
    options: str, bottom: Shape, top: Shape, params: dict[str, Shape], macs: int
) -> None:
    case = set_up(convolution(options), bottom)
    assert (case.tops, case.params, case.macs, case.notes) == ((top,), params, macs, ())
    check_explained(convolution(options), bottom)


@pytest.mark.parametrize(
    ("options", "bottom", "top", "params", "macs"),
    [
        (
            "num_output: 21 kernel_size: 64 stride: 32 bias_term: false",
            (1, 21, 16, 16),
            (1, 21, 32 * (16 - 1) + 64, 32 * (16 - 1) + 64),
            {"weight": (21, 21, 64, 64)},
            16 * 16 * 21 * 21 * 64 * 64,
        ),
        (
            "num_output: 6 kernel_size: 4 stride: 2 pad: 1 group: 2",
            (2, 4, 8, 5),
            (2, 6, 16, 10),
            {"weight": (4, 6 // 2, 4, 4), "bias": (6,)},
            2 * 8 * 5 * 4 * 3 * 4 * 4,
        ),
        (
            "num_output: 2 kernel_size: 3 dilation: 2",
            (1, 3, 5),
            (1, 2, 1 * (5 - 1) + 5),
            {"weight": (3, 2, 3), "bias": (2,)},
            5 * 3 * 2 * 3,
        ),
    ],
)
def test_deconvolution(
    options: str, bottom: Shape, top: Shape, params: dict[str, Shape], macs: int
) -> None:
    case = set_up(deconvolution(options), bottom)
    assert (case.tops, case.params, case.macs, case.notes) == ((top,), params, macs, ())
    assert case.layer.layer is not None
    assert case.layer.layer.transposed
    check_explained(deconvolution(options), bottom)


def test_several_bottoms_share_the_weights() -> None:
    text = convolution("num_output: 2 kernel_size: 3", "a b", "x y")
    case = set_up(text, (1, 4, 5, 5), (1, 4, 5, 5))
    assert case.tops == ((1, 2, 3, 3),) * 2
    assert case.params == {"weight": (2, 4, 3, 3), "bias": (2,)}
    assert case.macs == 2 * 3 * 3 * 2 * 4 * 3 * 3
    check_explained(text, (1, 4, 5, 5), (1, 4, 5, 5))


def test_explained() -> None:
    options = "num_output: 256 pad: 2 kernel_size: 5 group: 2"
    assert check_explained(convolution(options), (256, 96, 27, 27)) == [
        "height: (27 - 5 + 2*2) / 1 + 1 = 27",
        "width: (27 - 5 + 2*2) / 1 + 1 = 27",
        "kernels of each of 2 groups: 256 / 2 = 128",
        "channels of each kernel: 96 / 2 = 48",
        "channels of the top from each of 2 groups: 256 / 2 = 128",
        "weight: 256 * 48 * 5 * 5 = 307200",
        "bias: 256 = 256",
        "multiply-accumulates: 256 * 27 * 27 * 256 * 48 * 5 * 5 = 57330892800",
    ]


def test_explained_deconvolution() -> None:
    options = "num_output: 6 kernel_size: 4 stride: 2 pad: 1 bias_term: false"
    assert check_explained(deconvolution(options), (2, 4, 8, 5)) == [
        "height: 2 * (8 - 1) + 4 - 2*1 = 16",
        "width: 2 * (5 - 1) + 4 - 2*1 = 10",
        "weight: 4 * 6 * 4 * 4 = 384",
        "multiply-accumulates: 2 * 8 * 5 * 4 * 6 * 4 * 4 = 30720",
    ]


def test_windows() -> None:
    case = set_up(convolution("num_output: 1 kernel_size: 3 stride: 2 pad: 1 dilation: 4"), IMAGE)
    assert case.layer.layer is not None
    assert case.layer.layer.windows(bottoms_of(case)) == [Window(3, 2, 1, 4)] * 2
    assert not case.layer.layer.transposed


def test_a_kernel_larger_than_its_input_passes_where_c_rounds_toward_zero() -> None:
    options = "num_output: 1 kernel_size: 3 stride: 2"
    case = set_up(convolution(options), (1, 1, 2, 5))
    assert case.tops == ((1, 1, 1, 2),)
    assert case.notes == ("kernel extent 3 exceeds padded input 2",)
    assert check_explained(convolution(options), (1, 1, 2, 5))[0] == (
        "height: trunc((2 - 3 + 2*0) / 2) + 1 = 1"
    )


def test_an_empty_top_passes_without_bias() -> None:
    options = "num_output: 1 kernel_size: 3"
    assert set_up(convolution(options + " bias_term: false"), (1, 1, 2, 5)).tops == ((1, 1, 0, 3),)
    fragment = "a bias expected spatial extents of at least 1, found 0 x 3"
    check_refused(convolution(options), ((1, 1, 2, 5),), 1, 1, fragment)


def test_an_unknown_filler_is_noted() -> None:
    options = 'num_output: 1 kernel_size: 1 weight_filler { type: "mirror" }'
    notes = set_up(convolution(options), IMAGE).notes
    assert notes == ("unknown filler 'mirror' of the weight",)


@pytest.mark.parametrize(
    ("options", "bottom", "line", "column", "fragment"),
    [
        ("kernel_size: 1", IMAGE, 2, 1, "expected num_output of at least 1, found 0"),
        ("num_output: 0 kernel_size: 1", IMAGE, 2, 21, "found 0"),
        ("num_output: 2", IMAGE, 2, 1, "kernel_size once or once for each of 2 spatial axes"),
        (
            "num_output: 2 kernel_size: 1 group: 0",
            IMAGE,
            2,
            50,
            "expected group of at least 1, found 0",
        ),
        (
            "num_output: 6 kernel_size: 1 group: 3",
            IMAGE,
            2,
            50,
            "4 input channels do not divide into 3 groups",
        ),
        (
            "num_output: 3 kernel_size: 1 group: 2",
            IMAGE,
            2,
            50,
            "3 output channels do not divide into 2 groups",
        ),
        ("num_output: 2 kernel_size: 1 axis: 4", IMAGE, 2, 50, "axis 4 is out of range"),
        ("num_output: 2 kernel_size: 20", IMAGE, 2, 35, "kernel extent 20 exceeds padded input 9"),
        (
            "num_output: 2 kernel_size: 1",
            (1, 0, 5, 5),
            2,
            1,
            "the weight of shape 2 x 0 x 1 x 1 is empty",
        ),
        (
            'num_output: 2 kernel_size: 1 bias_filler { type: "bilinear" }',
            IMAGE,
            2,
            64,
            "the bias is 2",
        ),
        (
            "num_output: 2147483647 kernel_size: 1",
            IMAGE,
            1,
            1,
            "the weight would have more than 2^31",
        ),
        (
            "num_output: 1 kernel_size: 5",
            (1, 64, 2000, 2000),
            1,
            1,
            "the buffer of an item's patches would have more than 2^31 - 1 elements",
        ),
    ],
)
def test_refused(options: str, bottom: Shape, line: int, column: int, fragment: str) -> None:
    check_refused(convolution(options), (bottom,), line, column, fragment)


def test_bottoms_of_several_shapes_refused() -> None:
    text = convolution("num_output: 2 kernel_size: 3", "a b", "x y")
    fragment = "expected bottoms of one shape, found 1 x 4 x 5 x 5 and 1 x 4 x 6 x 5"
    check_refused(text, ((1, 4, 5, 5), (1, 4, 6, 5)), 1, 1, fragment)


def test_a_top_for_each_bottom() -> None:
    text = convolution("num_output: 2 kernel_size: 3", "a b", "y")
    column = text.index("top:") + 1
    check_refused(text, ((1, 4, 5, 5),) * 2, 1, column, "expects a top for each bottom")


def test_deconvolution_refused() -> None:
    text = deconvolution("num_output: 1 kernel_size: 3 pad: 2")
    check_refused(text, ((1, 1, 1, 1),), 1, 1, "the negative extent -1")


@given(
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(1, 4), st.integers(4, 9)), min_size=0, max_size=3),
)
def test_macs_are_the_weight_for_each_place_and_deconvolution_turns_round(
    group: int, inputs: int, outputs: int, axes: list[tuple[int, int]]
) -> None:
    kernels = "".join(f" kernel_size: {kernel}" for kernel, _ in axes) or " kernel_size: 1"
    bottom = (2, group * inputs, *(extent for _, extent in axes))
    there = f"num_output: {group * outputs} group: {group}{kernels}"
    case = set_up(convolution(there), bottom)
    (top,) = case.tops
    assert top is not None
    weight = case.params["weight"]
    assert case.macs == top[0] * count(top[2:]) * count(weight)
    check_explained(convolution(there), bottom)
    back = set_up(deconvolution(f"num_output: {group * inputs} group: {group}{kernels}"), top)
    assert back.tops == (bottom,)
    assert back.params["weight"] == weight
    assert back.macs == case.macs


def depthwise(options: str, kind: str = "ConvolutionDepthwise") -> str:
    return layer_text(kind, f"convolution_param {{ {options} }}")


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
    assert case.notes == ("num_output 7 is ignored: the top has 4 channels",)


def test_a_filler_of_a_fork() -> None:
    options = 'kernel_size: 1 weight_filler { type: "identity" }'
    assert "'identity'" in set_up(depthwise(options), (1, 4, 3, 3)).notes[0]


@pytest.mark.parametrize(
    ("text", "windows"), [(depthwise("kernel_size: 3 stride: 2 pad: 1"), [Window(3, 2, 1)] * 2)]
)
def test_windows_by_channel(text: str, windows: list[Window]) -> None:
    layer = set_up(text, (1, 2, 8, 8)).layer.layer
    assert layer is not None
    assert layer.windows(((1, 2, 8, 8),)) == windows


@pytest.mark.parametrize(
    ("text", "bottom", "line", "column", "fragment"),
    [
        (depthwise(""), (1, 2, 4, 4), 2, 1, "expected kernel_size once"),
        (depthwise("kernel_size: 0"), (1, 2, 4, 4), 2, 21, "a kernel of at least 1, found 0"),
        (depthwise("kernel_size: 1"), (1,) * 5, 1, 1, "expected a bottom of at most 4 axes"),
    ],
)
def test_refused_by_channel(
    text: str, bottom: Shape, line: int, column: int, fragment: str
) -> None:
    check_refused(text, (bottom,), line, column, fragment)


def im2col(options: str) -> str:
    return layer_text("Im2col", f"convolution_param {{ {options} }}")


@pytest.mark.parametrize(
    ("options", "bottom", "top"),
    [
        (
            "kernel_size: 11 stride: 4",
            (2, 3, 227, 227),
            (2, 3 * 11 * 11, (227 - 11) // 4 + 1, (227 - 11) // 4 + 1),
        ),
        (
            "kernel_h: 3 kernel_w: 1 pad_h: 1 pad_w: 0",
            (1, 2, 5, 6),
            (1, 2 * 3 * 1, 5 + 2 - 3 + 1, 6 - 1 + 1),
        ),
        ("kernel_size: 3 dilation: 2", (1, 2, 9, 7), (1, 2 * 3 * 3, 9 - 5 + 1, 7 - 5 + 1)),
        ("kernel_size: 2", (1, 4, 5, 6, 7), (1, 4 * 2 * 2 * 2, 4, 5, 6)),
        ("kernel_size: 2 kernel_size: 5 axis: -3", (9, 4, 4, 5), (9, 4 * 2 * 5, 3, 1)),
        ("kernel_size: 4 stride: 3", (2, 4, 10), (2, 4 * 4, (10 - 4) // 3 + 1)),
        ("kernel_size: 3 axis: 0", (4, 10, 9), (4 * 3 * 3, 8, 7)),
        # C++ rounds toward zero: a kernel that is too large by less than a stride has a place.
        ("kernel_size: 3 stride: 2", (1, 2, 2, 2), (1, 2 * 3 * 3, 1, 1)),
        ("kernel_size: 3", (1, 2, 2, 2), (1, 2 * 3 * 3, 0, 0)),
    ],
)
def test_im2col(options: str, bottom: Shape, top: Shape) -> None:
    case = set_up(im2col(options), bottom)
    assert (case.tops, case.params, case.macs) == ((top,), {}, 0)
    check_explained(im2col(options), bottom)


def test_im2col_explained() -> None:
    assert check_explained(im2col("kernel_size: 11 stride: 4"), (2, 3, 227, 227)) == [
        "channels: 3 * 11 * 11 = 363",
        "height: (227 - 11 + 2*0) / 4 + 1 = 55",
        "width: (227 - 11 + 2*0) / 4 + 1 = 55",
    ]


def test_im2col_sees_patches() -> None:
    case = set_up(im2col("kernel_size: 5 stride: 2 pad: 1 dilation: 3"), (1, 2, 20, 20))
    assert case.layer.layer is not None
    assert case.layer.layer.windows(bottoms_of(case)) == [Window(5, 2, 1, 3)] * 2


@pytest.mark.parametrize(
    ("options", "bottom", "line", "column", "fragment"),
    [
        (
            "kernel_size: 1",
            (2, 3),
            2,
            1,
            "expected a spatial axis after the channel axis 1, found none",
        ),
        ("kernel_size: 1 axis: -1", (2, 3, 4), 2, 36, "after the channel axis 2"),
        ("kernel_size: 1 axis: 3", (2, 3), 2, 36, "axis 3 is out of range"),
        ("", (1, 2, 5, 5), 2, 1, "kernel_size"),
        ("kernel_size: 0", (1, 2, 5, 5), 2, 21, "expected a kernel of at least 1, found 0"),
        ("kernel_size: 5 stride: 1", (1, 2, 3, 3), 1, 1, "the negative extent -1"),
    ],
)
def test_im2col_refused(options: str, bottom: Shape, line: int, column: int, fragment: str) -> None:
    check_refused(im2col(options), (bottom,), line, column, fragment)


def test_holes_of_deeplab() -> None:
    """(3 - 1) * 2 + 1 = 5 of 9: 5 positions; a hole of 3 x 1 covers 7 x 3."""
    options = "convolution_deeplab_param { num_output: 2 kernel_size: 3 hole: 2 }"
    assert set_up(layer_text("ConvolutionDeeplab", options), IMAGE).tops == ((1, 2, 5, 5),)
    text = convolution("num_output: 2 kernel_size: 3 hole_h: 3 hole_w: 1")
    assert set_up(text, IMAGE).tops == ((1, 2, 3, 7),)
