from __future__ import annotations

import pytest

from caffetools.layers.blobs import Shape
from caffetools.layers.window import Window
from tests.layers.cases import check_explained, check_refused, layer_text, set_up, windows_of
from tests.nets import inferred

WITHIN = "norm_region: WITHIN_CHANNEL"


@pytest.mark.parametrize("region", ["", WITHIN])
@pytest.mark.parametrize("shape", [(2, 96, 27, 27), (1, 3, 1, 1), (0, 3, 4, 5), (2, 3, 0, 5)])
def test_lrn(region: str, shape: Shape) -> None:
    case = set_up(layer_text("LRN", f"lrn_param {{ local_size: 3 {region} }}"), shape)
    assert (case.tops, case.params, case.macs, case.notes) == ((shape,), {}, 0, ())


def test_lrn_in_place_has_a_note() -> None:
    net = "layer { name: 'x' type: 'Input' top: 'x' input_param { shape { dim: [1, 3, 2, 2] } } }"
    for region, notes in (("", 1), (WITHIN, 0)):
        param = f"lrn_param {{ {region} }}"
        text = f"layer {{ name: 'l' type: 'LRN' bottom: 'x' top: 'x' {param} }}"
        found = inferred(net + text).notes
        assert sum("square of the factor" in note.message for note in found) == notes


def test_lrn_window_is_a_square_of_one_channel_or_a_column_of_several() -> None:
    across, within = (
        set_up(layer_text("LRN", f"lrn_param {{ {region} }}"), (2, 3, 8, 8))
        for region in ("", WITHIN)
    )
    assert windows_of(across) == []
    assert windows_of(within) == [Window(kernel=5, stride=1, pad=2)] * 2


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
    assert case.notes == ("k 2 is ignored within a channel",)
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
        ("param { lr_mult: 1 }", 9, "expected lr_mult 0 for the statistics, found 1"),
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
    assert windows_of(case) is None


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


IMAGE = (2, 64, 7, 7)


def bn(options: str = "", tops: str = "a", params: int = 0) -> str:
    specs = "param { lr_mult: 1 } " * params
    return layer_text("BN", f"{specs}bn_param {{ {options} }}", tops=tops)


def normalize(options: str = "", tops: str = "y") -> str:
    return layer_text("Normalize", options, tops=tops)


@pytest.mark.parametrize(
    ("options", "params"),
    [
        ('scale_filler { type: "constant" value: 1 }', 0),
        ("bn_mode: INFERENCE", 0),
        ("", 0),
        ("", 2),
    ],
)
def test_bn_with_scale_and_shift(options: str, params: int) -> None:
    text = bn(options, params=params)
    case = set_up(text, IMAGE)
    assert case.tops == (IMAGE,)
    assert case.params == {"scale": (1, 64, 1, 1), "shift": (1, 64, 1, 1)}
    assert all(param.learnable for param in case.layer.params)
    assert check_explained(text, IMAGE) == ["scale: 64 = 64", "shift: 64 = 64"]


@pytest.mark.parametrize(
    ("options", "params"),
    [
        ("slope_filler { value: 1 } bias_filler { value: 0 }", 2),
        ("momentum: 0.9", 0),
        ("eps: 1e-5", 0),
        ("", 4),
    ],
)
def test_bn_with_running_statistics(options: str, params: int) -> None:
    text = bn(options, params=params)
    case = set_up(text, IMAGE)
    assert case.tops == (IMAGE,)
    assert case.params == dict.fromkeys(("slope", "bias", "mean", "variance"), (1, 64, 1, 1))
    assert [param.learnable for param in case.layer.params] == [True, True, False, False]
    check_explained(text, IMAGE)


def test_frozen_bn_learns_nothing() -> None:
    case = set_up(bn("frozen: true", params=2), IMAGE)
    assert len(case.params) == 4
    assert not any(param.learnable for param in case.layer.params)


def test_bn_of_a_vector() -> None:
    assert set_up(bn("scale_filler { value: 1 }"), (5, 6)).tops == ((5, 6, 1, 1),)
    assert set_up(bn("slope_filler { value: 1 }"), (5, 6)).tops == ((5, 6),)


def test_bn_gives_the_batchs_mean_and_variance() -> None:
    case = set_up(bn("bn_mode: LEARN", tops="y mean variance"), IMAGE)
    assert case.tops == (IMAGE, (1, 64, 1, 1), (1, 64, 1, 1))


@pytest.mark.parametrize(
    ("options", "bottom", "scale"),
    [
        ("", IMAGE, ()),
        ("norm_param { across_spatial: false }", IMAGE, ()),
        ("norm_param { channel_shared: false scale_filler { value: 20 } }", IMAGE, (64,)),
        ("norm_param { channel_shared: false }", (8, 16), (16,)),
    ],
)
def test_normalize(options: str, bottom: Shape, scale: Shape) -> None:
    case = set_up(normalize(options), bottom)
    assert case.tops == (bottom,)
    assert case.params == {"scale": scale}
    check_explained(normalize(options), bottom)


@pytest.mark.parametrize(
    ("options", "tops", "expected"),
    [
        ('normalize_param { normalize_type: "L2" }', "y", ((8, 512, 1, 1),)),
        ("", "y lengths", ((8, 512, 1, 1), (8, 1, 1, 1))),
    ],
)
def test_normalize_without_scale(options: str, tops: str, expected: tuple[Shape, ...]) -> None:
    case = set_up(normalize(options, tops), (8, 512))
    assert case.tops == expected
    assert case.params == {}
    check_explained(normalize(options, tops), (8, 512))


def test_what_a_place_is_divided_by() -> None:
    whole = set_up(normalize(), IMAGE).layer.layer
    place = set_up(normalize("norm_param { across_spatial: false }"), IMAGE).layer.layer
    assert whole is not None
    assert place is not None
    assert whole.windows((IMAGE,)) is None
    assert place.windows((IMAGE,)) == []


@pytest.mark.parametrize(
    ("text", "bottom", "line", "column", "fragment"),
    [
        (
            bn("bn_mode: INFERENCE", tops="y mean variance"),
            IMAGE,
            1,
            51,
            "expected one top for a BN with INFERENCE",
        ),
        (
            bn("frozen: false", tops="y mean"),
            IMAGE,
            1,
            51,
            "expected one top for a BN with running statistics",
        ),
        (bn(), (2, 0, 7, 7), 1, 1, "a bottom that is not empty, found 2 x 0 x 7 x 7"),
        (bn(), (1,) * 5, 1, 1, "a bottom of at most 4 axes"),
        (normalize(), (5,), 1, 1, "a bottom of 2 to 4 axes, found 5"),
        (normalize("norm_param { }"), (5, 0), 1, 1, "a bottom that is not empty"),
        (
            normalize('norm_param { scale_filler { type: "xavier" } }'),
            IMAGE,
            2,
            29,
            "the filler xavier needs an axis, the scale is a scalar",
        ),
        (normalize("norm_param { }", "y lengths"), IMAGE, 2, 1, "norm_param expected one top"),
    ],
)
def test_refused(text: str, bottom: Shape, line: int, column: int, fragment: str) -> None:
    check_refused(text, (bottom,), line, column, fragment)
