from __future__ import annotations

import pytest

from caffetools.layers.base import Shape, Window
from tests.layers.cases import Case, bottoms_of, check_explained, check_refused, layer_text, set_up

WITHIN = "norm_region: WITHIN_CHANNEL"


def windows(case: Case) -> list[Window] | None:
    assert case.layer.layer is not None
    return case.layer.layer.windows(bottoms_of(case))


@pytest.mark.parametrize("region", ["", WITHIN])
@pytest.mark.parametrize("shape", [(2, 96, 27, 27), (1, 3, 1, 1), (0, 3, 4, 5), (2, 3, 0, 5)])
def test_lrn(region: str, shape: Shape) -> None:
    case = set_up(layer_text("LRN", f"lrn_param {{ local_size: 3 {region} }}"), shape)
    assert (case.tops, case.params, case.macs, case.notes) == ((shape,), {}, 0, ())


def test_lrn_window_is_a_square_of_one_channel_or_a_column_of_several() -> None:
    across, within = (
        set_up(layer_text("LRN", f"lrn_param {{ {region} }}"), (2, 3, 8, 8))
        for region in ("", WITHIN)
    )
    assert windows(across) == []
    assert windows(within) == [Window(kernel=5, stride=1, pad=2)] * 2


@pytest.mark.parametrize("size", ["0", "4", "4294967294"])
def test_lrn_size_is_odd(size: str) -> None:
    options = f"lrn_param {{ local_size: {size} }}"
    fragment = f"found {size}"
    check_refused(layer_text("LRN", options), ((2, 3, 4, 4),), 2, 13, fragment)


def test_lrn_size_fits_an_int() -> None:
    options = "lrn_param { local_size: 2147483649 }"
    check_refused(
        layer_text("LRN", options), ((2, 3, 4, 4),), 2, 13, "expected local_size below 2^31"
    )


@pytest.mark.parametrize("region", ["", WITHIN])
@pytest.mark.parametrize("shape", [(), (2, 3), (2, 3, 4), (2, 3, 4, 5, 6)])
def test_lrn_has_four_axes(region: str, shape: Shape) -> None:
    text = layer_text("LRN", f"lrn_param {{ {region} }}")
    check_refused(text, (shape,), 1, 1, "expected a bottom of 4 axes, found")


def test_lrn_k_within_a_channel_is_not_read() -> None:
    case = set_up(layer_text("LRN", f"lrn_param {{ k: 2 {WITHIN} }}"), (2, 3, 4, 4))
    assert case.notes == ("k is not read within a channel, found 2",)
    assert set_up(layer_text("LRN", "lrn_param { k: 2 }"), (2, 3, 4, 4)).notes == ()


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (8, 64, 14, 14), (2, 3, 1, 1, 1)])
@pytest.mark.parametrize("phase", ["TRAIN", "TEST"])
def test_batch_norm(shape: Shape, phase: str) -> None:
    case = set_up(layer_text("BatchNorm", tops="a"), shape, phase=phase)
    channels = (shape[1],)
    assert case.tops == (shape,)
    assert case.params == {"mean": channels, "variance": channels, "factor": (1,)}
    assert case.macs == 0
    assert [param.statistic for param in case.layer.params] == [True, True, True]
    assert [param.learnable for param in case.layer.params] == [False, False, False]


def test_batch_norm_explained() -> None:
    assert check_explained(layer_text("BatchNorm"), (8, 64, 14, 14)) == [
        "mean: 64 = 64",
        "variance: 64 = 64",
        "factor: 1 = 1",
    ]


@pytest.mark.parametrize("specs", [0, 1, 2, 3])
def test_batch_norm_with_params_that_do_not_learn(specs: int) -> None:
    case = set_up(layer_text("BatchNorm", "param { lr_mult: 0 } " * specs), (2, 3, 4))
    assert [param.lr_mult for param in case.layer.params] == [0, 0, 0]
    # Without three specs the net counts the others' default, 1, and the layer as learning.
    assert [param.needs_backward for param in case.layer.params] == [
        index >= specs for index in range(3)
    ]


@pytest.mark.parametrize(
    ("options", "column", "fragment"),
    [
        (
            "param { lr_mult: 1 }",
            9,
            "expected lr_mult 0: a solver cannot learn statistics, found 1",
        ),
        ("param { decay_mult: 0 }", 1, "found 1"),
        ("param { lr_mult: 0 } param { lr_mult: 0 } param { lr_mult: 0.5 }", 51, "found 0.5"),
        ("param { lr_mult: 0 } " * 4, 64, "expected at most 3 param"),
    ],
)
def test_batch_norm_refuses_params_that_learn(options: str, column: int, fragment: str) -> None:
    check_refused(layer_text("BatchNorm", options), ((2, 3),), 2, column, fragment)


@pytest.mark.parametrize(
    "options",
    [
        "batch_norm_param { scale_bias: true }",
        "batch_norm_param { filler { value: 1 } }",
        "batch_norm_param { scale_filler { value: 1 } bias_filler { value: 0 } }",
        'batch_norm_param { bias_filler { type: "constant" } }',
    ],
)
def test_batch_norm_with_nvidias_scale_and_bias(options: str) -> None:
    text = layer_text("BatchNorm", options)
    case = set_up(text, (8, 64, 14, 14))
    sizes = {"mean": (64,), "variance": (64,), "factor": (1,), "scale": (64,), "bias": (64,)}
    assert list(case.params.items()) == list(sizes.items())
    assert [param.learnable for param in case.layer.params] == [False] * 3 + [True] * 2
    check_explained(text, (8, 64, 14, 14))


def test_batch_norm_of_nvidias_before_0_16_begins_with_them() -> None:
    learning = (
        "param { lr_mult: 1 } param { lr_mult: 1 } param { lr_mult: 0 } param { lr_mult: 0 } "
    )
    text = layer_text("BatchNorm", learning + "batch_norm_param { scale_filler { value: 1 } }")
    case = set_up(text, (8, 64, 14, 14))
    assert list(case.params) == ["scale", "bias", "mean", "variance", "factor"]
    assert [param.learnable for param in case.layer.params] == [True] * 2 + [False] * 3
    check_explained(text, (8, 64, 14, 14))


def test_batch_norm_filler_refused() -> None:
    options = 'batch_norm_param { scale_filler { type: "bilinear" } }'
    check_refused(layer_text("BatchNorm", options), ((2, 3),), 2, 35, "the scale is 3")


@pytest.mark.parametrize(
    ("shape", "fragment"),
    [
        ((), "expected a bottom of at least 2 axes, found scalar"),
        ((3,), "expected a bottom of at least 2 axes, found 3"),
        ((0, 3), "expected a bottom that is not empty"),
        ((2, 0, 4), "expected a bottom that is not empty"),
        ((2, 3, 0), "expected a bottom that is not empty"),
    ],
)
def test_batch_norm_refuses_bottoms(shape: Shape, fragment: str) -> None:
    check_refused(layer_text("BatchNorm"), (shape,), 1, 1, fragment)


@pytest.mark.parametrize(
    ("bottom", "top"),
    [
        ((2, 3, 4, 5), (2, 3, 4, 5)),
        ((2, 3, 4), (2, 3, 4, 1)),
        ((2, 3), (2, 3, 1, 1)),
        ((), (1, 1, 1, 1)),
        ((0, 3, 4, 5), (0, 3, 4, 5)),
    ],
)
@pytest.mark.parametrize("across", ["true", "false"])
def test_mvn_makes_four_axes(bottom: Shape, top: Shape, across: str) -> None:
    case = set_up(layer_text("MVN", f"mvn_param {{ across_channels: {across} }}"), bottom)
    assert (case.tops, case.params, case.macs) == ((top,), {}, 0)
    assert windows(case) is None


@pytest.mark.parametrize(
    ("options", "bottom", "fragment"),
    [
        ("", (2, 3, 4, 5, 6), "expected a bottom of at most 4 axes, found"),
        ("", (2, 3, 0, 5), "not empty"),
        ("mvn_param { across_channels: true }", (2, 0, 4, 5), "not empty"),
    ],
)
def test_mvn_refuses_bottoms(options: str, bottom: Shape, fragment: str) -> None:
    check_refused(layer_text("MVN", options), (bottom,), 1, 1, fragment)


def test_mvn_of_no_channels() -> None:
    assert set_up(layer_text("MVN"), (2, 0, 4, 5)).tops == ((2, 0, 4, 5),)


@pytest.mark.parametrize(
    ("axis", "shape"),
    [(1, (2, 3)), (0, (5,)), (-1, (2, 3, 4, 5)), (2, (0, 3, 4)), (-4, (1, 2, 3, 4))],
)
def test_softmax(axis: int, shape: Shape) -> None:
    case = set_up(layer_text("Softmax", f"softmax_param {{ axis: {axis} }}"), shape)
    assert (case.tops, case.params, case.macs) == ((shape,), {}, 0)


@pytest.mark.parametrize(("axis", "seen"), [(0, []), (1, []), (2, None), (-1, None), (-3, [])])
def test_softmax_along_an_image_sees_all_of_it(axis: int, seen: list[Window] | None) -> None:
    case = set_up(layer_text("Softmax", f"softmax_param {{ axis: {axis} }}"), (2, 3, 4, 5))
    assert windows(case) == seen


@pytest.mark.parametrize(
    ("options", "shape", "line", "column", "fragment"),
    [
        (
            "softmax_param { axis: 2 }",
            (2, 3),
            2,
            17,
            "axis 2 is out of range for a blob of shape 2 x 3",
        ),
        ("", (2,), 1, 1, "axis 1 is out of range"),
        ("", (2, 0), 1, 1, "expected a bottom that is not empty, found 2 x 0"),
    ],
)
def test_softmax_refused(options: str, shape: Shape, line: int, column: int, fragment: str) -> None:
    check_refused(layer_text("Softmax", options), (shape,), line, column, fragment)
