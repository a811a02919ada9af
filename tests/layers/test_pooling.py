from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import ShapeError
from caffetools.layers.blobs import Shape
from caffetools.layers.pooling import (
    divide,
    level_window,
    pooled,
    pooled_step,
    pooling_remarks,
)
from caffetools.layers.window import Window
from caffetools.net.explain import remarks
from tests.layers.cases import bottoms_of, check_explained, check_refused, layer_text, set_up

EXTENTS = st.integers(1, 40)


KERNELS_AND_STRIDES = st.tuples(st.integers(1, 9), st.integers(1, 9))


def pool(options: str, tops: str = "y") -> str:
    return layer_text("Pooling", f"pooling_param {{ {options} }}", tops=tops)


@pytest.mark.parametrize(
    ("options", "bottom", "top"),
    [
        ("kernel_size: 3 stride: 2", (256, 96, 55, 55), (256, 96, 27, 27)),
        ("kernel_size: 3 stride: 2", (1, 64, 112, 112), (1, 64, 56, 56)),
        ("kernel_size: 3 stride: 2 round_mode: FLOOR", (1, 64, 112, 112), (1, 64, 55, 55)),
        ("kernel_size: 3 stride: 2 ceil_mode: false", (1, 64, 112, 112), (1, 64, 55, 55)),
        ("kernel_size: 3 stride: 2 ceil_mode: true", (1, 64, 112, 112), (1, 64, 56, 56)),
        ("kernel_size: 3 stride: 2 pad: 1 ceil_mode: false", (1, 64, 8, 9), (1, 64, 4, 5)),
        ("kernel_size: 3 stride: 1 pad: 1", (1, 192, 28, 28), (1, 192, 28, 28)),
        ("kernel_size: 2", (1, 2, 5, 6), (1, 2, 5 - 2 + 1, 6 - 2 + 1)),
        ("kernel_h: 3 kernel_w: 1 stride_h: 2 stride_w: 3", (1, 2, 7, 7), (1, 2, 3, 3)),
        # (6 - 1) / 2 rounded up and 1 more: the last window begins at 6, where no input is left.
        ("kernel_size: 1 stride: 2", (1, 2, 6, 6), (1, 2, 4, 4)),
        # With a pad anywhere the last window is dropped on each axis where it begins beyond.
        ("kernel_size: 2 stride: 2 pad: 1", (1, 2, 4, 4), (1, 2, 3, 3)),
        ("kernel_size: 2 stride: 3 pad_h: 1 pad_w: 0", (1, 2, 4, 6), (1, 2, 2, 2)),
        ("kernel_h: 2 kernel_w: 1 stride: 2 pad_h: 1 pad_w: 0", (1, 2, 4, 6), (1, 2, 3, 3)),
        ("global_pooling: true", (2, 1000, 7, 5), (2, 1000, 1, 1)),
        ("global_pooling: true pool: AVE", (0, 3, 1, 1), (0, 3, 1, 1)),
        ("kernel_size: 2 stride: 2 pool: STOCHASTIC", (1, 2, 4, 4), (1, 2, 2, 2)),
    ],
)
def test_pooling(options: str, bottom: Shape, top: Shape) -> None:
    case = set_up(pool(options), bottom)
    assert (case.tops, case.params, case.macs, case.notes) == ((top,), {}, 0, ())
    check_explained(pool(options), bottom)


DROPPED = "the last window is dropped: with 1 of padding it would start at"


@pytest.mark.parametrize(
    ("extent", "window", "padded", "expected"),
    [
        (55, Window(3, 2), False, []),
        (112, Window(3, 2), False, ["PyTorch gives 55, or with ceil_mode 56"]),
        # Caffe has a fourth window at 6, where no input is left.
        (6, Window(1, 2), False, ["PyTorch gives 3"]),
        (
            5,
            Window(2, 3, 1),
            True,
            [f"{DROPPED} 2*3 - 1 = 5, beyond the input of 5 (pooling_layer.cpp)"],
        ),
    ],
)
def test_remarks(extent: int, window: Window, *, padded: bool, expected: list[str]) -> None:
    assert list(pooling_remarks(extent, window, "CEIL", padded)) == expected


def test_equal_remarks_are_made_once() -> None:
    layer = set_up(pool("kernel_size: 3 stride: 2"), (1, 2, 112, 112)).layer
    assert remarks(layer) == ["height, width: PyTorch gives 55, or with ceil_mode 56"]
    assert remarks(set_up(pool("global_pooling: true"), (1, 2, 7, 5)).layer) == []


@given(EXTENTS, KERNELS_AND_STRIDES, st.integers(0, 4))
def test_remarks_say_what_pytorch_gives(extent: int, pair: tuple[int, int], pad: int) -> None:
    torch = pytest.importorskip("torch")
    kernel, stride = pair
    pad = min(pad, kernel // 2)
    if extent + 2 * pad < kernel:
        return
    window = Window(kernel, stride, pad)
    found = pooled(extent, window, "CEIL", padded=pad > 0)
    pool = torch.nn.functional.max_pool1d
    sizes = [
        pool(torch.zeros(1, 1, extent), kernel, stride, pad, ceil_mode=mode).shape[-1]
        for mode in (False, True)
    ]
    told = [text for text in pooling_remarks(extent, window, "CEIL", pad > 0) if "PyTorch" in text]
    second = f", or with ceil_mode {sizes[1]}" if sizes[0] != sizes[1] else ""
    expected = [] if set(sizes) == {found} else [f"PyTorch gives {sizes[0]}{second}"]
    assert told == expected


def test_a_second_top_holds_the_places_of_the_maxima() -> None:
    case = set_up(pool("kernel_size: 2 stride: 2", "y mask"), (2, 3, 8, 8))
    assert case.tops == ((2, 3, 4, 4),) * 2


@pytest.mark.parametrize(
    ("options", "bottom", "lines"),
    [
        (
            "kernel_size: 3 stride: 2",
            (256, 96, 55, 55),
            ["height: (55 - 3 + 2*0) / 2 + 1 = 27", "width: (55 - 3 + 2*0) / 2 + 1 = 27"],
        ),
        (
            "kernel_size: 2 stride: 2 pad: 1",
            (1, 1, 4, 5),
            ["height: (4 - 2 + 2*1) / 2 + 1 = 3", "width: ceil((5 - 2 + 2*1) / 2) + 1 - 1 = 3"],
        ),
        (
            "kernel_size: 3 stride: 2 round_mode: FLOOR",
            (1, 1, 4, 5),
            ["height: floor((4 - 3 + 2*0) / 2) + 1 = 1", "width: (5 - 3 + 2*0) / 2 + 1 = 2"],
        ),
        (
            "global_pooling: true",
            (1, 1, 7, 5),
            ["height: (7 - 7 + 2*0) / 1 + 1 = 1", "width: (5 - 5 + 2*0) / 1 + 1 = 1"],
        ),
    ],
)
def test_explained(options: str, bottom: Shape, lines: list[str]) -> None:
    assert check_explained(pool(options), bottom) == lines


def test_windows() -> None:
    case = set_up(pool("kernel_h: 3 kernel_w: 2 stride: 2 pad_h: 1 pad_w: 0"), (1, 2, 8, 9))
    assert case.layer.layer is not None
    assert case.layer.layer.windows(bottoms_of(case)) == [Window(3, 2, 1), Window(2, 2, 0)]
    whole = set_up(pool("global_pooling: true"), (1, 2, 8, 9))
    assert whole.layer.layer is not None
    assert whole.layer.layer.windows(bottoms_of(whole)) == [Window(8), Window(9)]


@pytest.mark.parametrize(
    ("options", "bottom", "top"),
    [
        ("kernel_size: 5", (1, 1, 4, 7), (1, 1, 0, 3)),
        ("kernel_size: 5 stride: 4", (1, 1, 2, 7), (1, 1, 1, 2)),
    ],
)
def test_a_window_larger_than_its_input_passes_with_a_note(
    options: str, bottom: Shape, top: Shape
) -> None:
    case = set_up(pool(options), bottom)
    assert case.tops == (top,)
    assert case.notes == (f"kernel extent 5 exceeds padded input {bottom[2]}",)


def walked(extent: int, window: Window, covered: bool) -> list[int]:
    """Where the windows begin: as many as cover the padded input, or as lie within it."""
    padded = extent + 2 * window.pad
    starts = [0]
    while starts[-1] + window.kernel < padded:
        starts.append(starts[-1] + window.stride)
    if not covered and starts[-1] + window.kernel > padded:
        starts.pop()
    return starts


@given(EXTENTS, KERNELS_AND_STRIDES)
def test_without_pad_windows_cover_the_input(extent: int, shape: tuple[int, int]) -> None:
    window = Window(min(shape[0], extent), shape[1])
    assert pooled(extent, window, "CEIL", padded=False) == len(walked(extent, window, True))
    assert pooled(extent, window, "FLOOR", padded=False) == len(walked(extent, window, False))


@given(EXTENTS, KERNELS_AND_STRIDES, st.data())
def test_with_pad_no_window_begins_beyond_the_input(
    extent: int, shape: tuple[int, int], data: st.DataObject
) -> None:
    pad = data.draw(st.integers(0, shape[0] - 1))
    window = Window(min(shape[0], extent + 2 * pad), shape[1], pad)
    starts = walked(extent, window, True)
    inside = [start for start in starts if start < extent + pad]
    assert pooled(extent, window, "CEIL", padded=True) == len(inside)


@given(EXTENTS, KERNELS_AND_STRIDES, st.integers(0, 3), st.sampled_from(["CEIL", "FLOOR"]))
def test_formulas_are_worth_their_value(
    extent: int, shape: tuple[int, int], pad: int, round_mode: str
) -> None:
    window = Window(shape[0] + pad, shape[1], pad)
    step = pooled_step("height", extent, window, round_mode, pad > 0)
    words = {"floor": math.floor, "ceil": math.ceil, "__builtins__": {}}
    assert eval(step.formula, words) == step.value, step.formula


def test_division_is_in_single_precision() -> None:
    # 2^24 + 1 is no float: Caffe sees 2^24, and rounds up to one window less than it should.
    assert divide(2**24 + 1, 2, "CEIL") == 2**23
    assert divide(2**24 - 1, 2, "CEIL") == 2**23
    assert divide(2**24 - 1, 2, "FLOOR") == 2**23 - 1
    assert divide(-(2**24) - 1, 2, "FLOOR") == -(2**23)
    assert divide(2**25 + 1, 3, "FLOOR") == 11184811  # 33554432 / 3 is 11184810.67


def test_single_precision_may_find_windows_that_are_not_there() -> None:
    # 2^30 + 65 becomes 2^30 + 128: 63 windows too many, of which Caffe would drop one.
    with pytest.raises(ShapeError, match="more than one window starts beyond"):
        pooled(2**30 + 65, Window(2, 1, 1), "CEIL", padded=True)


@pytest.mark.parametrize(
    ("options", "bottom", "line", "column", "fragment"),
    [
        ("", (1, 2, 4, 4), 2, 1, "expected kernel_size or kernel_h and kernel_w, found neither"),
        ("kernel_h: 2", (1, 2, 4, 4), 2, 1, "found neither"),
        ("kernel_size: 2 kernel_h: 2 kernel_w: 2", (1, 2, 4, 4), 2, 17, "found both"),
        ("kernel_size: 0", (1, 2, 4, 4), 2, 17, "expected kernel_size of at least 1, found 0"),
        (
            "kernel_h: 2 kernel_w: 0",
            (1, 2, 4, 4),
            2,
            29,
            "expected kernel_w of at least 1, found 0",
        ),
        ("kernel_size: 2147483648", (1, 2, 4, 4), 2, 17, "found 2147483648"),
        ("kernel_size: 2 pad_h: 1", (1, 2, 4, 4), 2, 32, "expected pad, or both pad_h and pad_w"),
        ("kernel_size: 2 pad: 1 pad_h: 1 pad_w: 1", (1, 2, 4, 4), 2, 39, "expected pad, or both"),
        ("kernel_size: 2 stride_w: 1", (1, 2, 4, 4), 2, 32, "expected stride, or both stride_h"),
        ("kernel_size: 2 stride: 0", (1, 2, 4, 4), 2, 32, "expected stride of at least 1, found 0"),
        (
            "kernel_size: 2 pad: 2",
            (1, 2, 4, 4),
            2,
            32,
            "expected pad below the kernel extent 2, found 2",
        ),
        (
            "kernel_size: 2 pad: 1 pool: STOCHASTIC",
            (1, 2, 4, 4),
            2,
            32,
            "pad expected MAX or AVE pooling, found STOCHASTIC",
        ),
        (
            "global_pooling: true kernel_size: 2",
            (1, 2, 4, 4),
            2,
            38,
            "expected no kernel_size with global_pooling",
        ),
        ("global_pooling: true stride: 2", (1, 2, 4, 4), 2, 38, "no pad and a stride of 1"),
        ("global_pooling: true pad: 1", (1, 2, 4, 4), 2, 38, "no pad and a stride of 1"),
        (
            "global_pooling: true",
            (1, 2, 0, 4),
            1,
            1,
            "global pooling expected a bottom that is not empty",
        ),
        ("kernel_size: 2", (1, 2, 4), 1, 1, "expected a bottom of 4 axes, found 1 x 2 x 4"),
        ("kernel_size: 7", (1, 2, 4, 4), 2, 17, "kernel extent 7 exceeds padded input 4"),
    ],
)
def test_refused(options: str, bottom: Shape, line: int, column: int, fragment: str) -> None:
    check_refused(pool(options), (bottom,), line, column, fragment)


def test_a_second_top_is_for_max_pooling() -> None:
    text = pool("kernel_size: 2 pool: AVE", "y mask")
    check_refused(text, ((1, 2, 4, 4),), 2, 32, "a second top expected MAX pooling, found AVE")


def spp(options: str) -> str:
    return layer_text("SPP", f"spp_param {{ {options} }}")


@pytest.mark.parametrize(
    ("options", "bottom", "top"),
    [
        ("pyramid_height: 1", (2, 3, 9, 8), (2, 3, 1, 1)),
        ("pyramid_height: 3", (2, 3, 9, 8), (2, 3 * (1 + 2 * 2 + 4 * 4))),
        ("pyramid_height: 4 pool: AVE", (1, 256, 16, 16), (1, 256 * (1 + 4 + 16 + 64))),
        ("pyramid_height: 2 pool: STOCHASTIC", (2, 3, 4, 6), (2, 3 * (1 + 2 * 2))),
        ("pyramid_height: 2", (0, 3, 4, 4), (0, 3 * 5)),
        # Level 2 has kernels of 3 and a pad of 2: a fifth window would begin at 12, beyond 9 + 2.
        ("pyramid_height: 3", (1, 1, 9, 9), (1, 1 + 2 * 2 + 4 * 4)),
    ],
)
def test_spp(options: str, bottom: Shape, top: Shape) -> None:
    case = set_up(spp(options), bottom)
    assert (case.tops, case.params, case.macs) == ((top,), {}, 0)
    assert case.layer.layer is not None
    assert case.layer.layer.windows(bottoms_of(case)) is None
    check_explained(spp(options), bottom)


def test_spp_explained() -> None:
    assert check_explained(spp("pyramid_height: 2"), (2, 3, 9, 8)) == [
        "height of level 0: (9 - 9 + 2*0) / 9 + 1 = 1",
        "width of level 0: (8 - 8 + 2*0) / 8 + 1 = 1",
        "height of level 1: ceil((9 - 5 + 2*1) / 5) + 1 - 1 = 2",
        "width of level 1: (8 - 4 + 2*0) / 4 + 1 = 2",
        "axis 1: 3 * (1*1 + 2*2) = 15",
    ]


@pytest.mark.parametrize(
    ("extent", "bins", "window"),
    [
        (9, 1, Window(9, 9, 0)),
        (9, 2, Window(5, 5, 1)),
        (9, 4, Window(3, 3, 2)),
        (8, 4, Window(2, 2, 0)),
        (3, 4, Window(1, 1, 1)),
    ],
)
def test_level_window(extent: int, bins: int, window: Window) -> None:
    assert level_window(extent, bins) == window


@given(st.integers(1, 300), st.integers(0, 8))
def test_a_level_covers_the_image(extent: int, level: int) -> None:
    kernel, stride, pad, _ = level_window(extent, 2**level)
    assert kernel == stride
    assert extent <= 2**level * kernel <= extent + 2 * pad


@pytest.mark.parametrize(
    ("options", "bottom", "line", "column", "fragment"),
    [
        ("", (1, 3, 4, 4), 2, 1, "expected pyramid_height of at least 1, found 0"),
        ("pyramid_height: 2", (1, 3, 4), 1, 1, "expected a bottom of 4 axes, found"),
        (
            "pyramid_height: 1",
            (1, 3, 0, 4),
            1,
            1,
            "a bottom that is not empty, found 1 x 3 x 0 x 4",
        ),
        (
            "pyramid_height: 4",
            (1, 3, 9, 7),
            2,
            13,
            "level 3 of the pyramid cannot divide an extent of 9 into 8",
        ),
        ("pyramid_height: 2147483647", (1, 3, 64, 64), 2, 13, "level 7 of the pyramid"),
        (
            "pyramid_height: 2 pool: STOCHASTIC",
            (1, 3, 5, 4),
            2,
            31,
            "level 1 of 1 x 3 x 5 x 4 requires a pad",
        ),
    ],
)
def test_spp_refused(options: str, bottom: Shape, line: int, column: int, fragment: str) -> None:
    check_refused(spp(options), (bottom,), line, column, fragment)
