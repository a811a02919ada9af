from __future__ import annotations

import pytest

from caffetools.layers.blobs import Shape
from caffetools.layers.window import Window
from tests.layers.cases import check_explained, check_refused, layer_text, set_up, windows_of

POINTWISE = ("BNLL", "ELU", "Exp", "Log", "Power", "ReLU", "Sigmoid", "Swish", "TanH", "Threshold")


SHAPES: tuple[Shape, ...] = ((), (0,), (7,), (2, 3, 4, 5), (2, 3, 1, 1, 1, 2))


@pytest.mark.parametrize("type_name", POINTWISE)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("top", ["y", "a"])
def test_any_shape_stays(type_name: str, shape: Shape, top: str) -> None:
    case = set_up(layer_text(type_name, tops=top), shape)
    assert case.tops == (shape,)
    assert (case.params, case.macs, case.notes) == ({}, 0, ())


def test_absval_has_a_top_of_its_own() -> None:
    assert set_up(layer_text("AbsVal"), (2, 3)).tops == ((2, 3),)
    text = layer_text("AbsVal", tops="a")
    check_refused(text, ((2, 3),), 1, text.index("top:") + 1, "compute in place, found 'a'")


def test_clip() -> None:
    case = set_up(layer_text("Clip", "clip_param { min: -1 max: 1 }"), (2, 3))
    assert (case.tops, case.notes) == (((2, 3),), ())


def test_clip_without_clip_param() -> None:
    assert set_up(layer_text("Clip"), (2, 3)).notes == (
        "without clip_param min and max are 0, and so is the top",
    )


@pytest.mark.parametrize("ratio", ["0.5", "0.1", "1e-3"])
def test_dropout(ratio: str) -> None:
    text = layer_text("Dropout", f"dropout_param {{ dropout_ratio: {ratio} }}", tops="a")
    case = set_up(text, (2, 3))
    assert (case.tops, case.notes) == (((2, 3),), ())


@pytest.mark.parametrize("ratio", ["0", "1", "-0.5", "1.5", "nan", "1e-50"])
def test_dropout_ratio_that_a_debug_build_refuses(ratio: str) -> None:
    case = set_up(layer_text("Dropout", f"dropout_param {{ dropout_ratio: {ratio} }}"), (2, 3))
    shown = 0 if ratio == "1e-50" else ratio  # which a float cannot hold
    assert case.notes == (
        f"a debug build of Caffe refuses a dropout_ratio of {shown}: not between 0 and 1",
    )


@pytest.mark.parametrize("type_name", ["Exp", "Log"])
@pytest.mark.parametrize("base", ["-1", "2", "0.5", "1e38"])
def test_base(type_name: str, base: str) -> None:
    options = f"{type_name.lower()}_param {{ base: {base} }}"
    assert set_up(layer_text(type_name, options), (2, 3)).tops == ((2, 3),)


@pytest.mark.parametrize("type_name", ["Exp", "Log"])
@pytest.mark.parametrize(
    ("base", "shown"),
    [("0", "0"), ("-2", "-2"), ("inf", "inf"), ("nan", "nan"), ("1e39", "inf"), ("1e-50", "0")],
)
def test_base_that_has_no_logarithm(type_name: str, base: str, shown: str) -> None:
    options = f"{type_name.lower()}_param {{ base: {base} }}"
    check_refused(layer_text(type_name, options), ((2,),), 2, 13, f"or above 0, found {shown}")


def test_base_1_has_powers_and_no_logarithm() -> None:
    assert set_up(layer_text("Exp", "exp_param { base: 1 }"), (2,)).tops == ((2,),)
    text = layer_text("Log", "log_param { base: 1.00000001 }")  # 1 as a float
    check_refused(text, ((2,),), 2, 13, "expected a base other than 1")


@pytest.mark.parametrize(
    ("options", "bottom", "slope"),
    [
        ("", (2, 3), (3,)),
        ("", (2, 3, 4), (3,)),
        ("", (2, 3, 4, 5), (3,)),
        ("prelu_param { channel_shared: true }", (2, 3, 4, 5), ()),
        ('prelu_param { filler { type: "gaussian" std: 0.1 } }', (2, 64, 1, 1), (64,)),
        ("", (0, 3), (3,)),
    ],
)
def test_prelu(options: str, bottom: Shape, slope: Shape) -> None:
    case = set_up(layer_text("PReLU", options), bottom)
    assert (case.tops, case.params, case.macs) == ((bottom,), {"slope": slope}, 0)


def test_prelu_explained() -> None:
    assert check_explained(layer_text("PReLU"), (2, 3, 4, 5)) == ["slope: 3 = 3"]
    shared = layer_text("PReLU", "prelu_param { channel_shared: true }")
    assert check_explained(shared, (2, 3, 4, 5)) == ["slope: 1 = 1"]


@pytest.mark.parametrize(
    ("bottom", "fragment"),
    [
        ((3,), "expected a bottom of 2 to 4 axes, found 3"),
        ((2, 3, 4, 5, 6), "expected a bottom of 2 to 4 axes, found 2 x 3 x 4 x 5 x 6"),
        ((2, 3, 0), "expected a bottom that is not empty, found 2 x 3 x 0"),
    ],
)
def test_prelu_refuses_bottoms(bottom: Shape, fragment: str) -> None:
    check_refused(layer_text("PReLU"), (bottom,), 1, 1, fragment)


def test_prelu_refuses_a_filler_that_needs_an_axis() -> None:
    options = 'prelu_param { channel_shared: true filler { type: "xavier" } }'
    check_refused(layer_text("PReLU", options), ((2, 3),), 2, 45, "the slope is a scalar")


@pytest.mark.parametrize("type_name", [*POINTWISE, "AbsVal", "Clip", "Dropout", "PReLU"])
def test_one_bottom_and_one_top(type_name: str) -> None:
    text = layer_text(type_name, bottoms="a b")
    column = text.index('bottom: "b"') + 1
    check_refused(text, ((2, 3), (2, 3)), 1, column, "expects 1 bottom, found 2")


def test_pointwise_layers_leave_the_receptive_field() -> None:
    layer = set_up(layer_text("PReLU"), (2, 3, 4, 5)).layer.layer
    assert layer is not None
    assert layer.windows(((2, 3, 4, 5),)) == []


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
    assert windows_of(case) == seen


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


def test_relu6() -> None:
    case = set_up(layer_text("ReLU6", tops="a"), (1, 3, 8, 8))
    assert case.tops == ((1, 3, 8, 8),)
    assert case.params == {}
