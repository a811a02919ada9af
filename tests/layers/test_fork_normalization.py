from __future__ import annotations

import pytest

from caffetools.layers.base import Shape
from tests.layers.cases import check_explained, check_refused, layer_text, set_up

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
    assert case.params == dict.fromkeys(("slope", "bias", "mean", "variance"), (1, 64))
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
            "further tops are for a BN that learns, found INFERENCE",
        ),
        (
            bn("frozen: false", tops="y mean"),
            IMAGE,
            1,
            51,
            "found one that keeps statistics",
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
        (normalize("norm_param { }", "y lengths"), IMAGE, 2, 1, "norm_param is for one top"),
    ],
)
def test_refused(text: str, bottom: Shape, line: int, column: int, fragment: str) -> None:
    check_refused(text, (bottom,), line, column, fragment)
