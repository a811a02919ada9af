from __future__ import annotations

import pytest

from caffetools.layers.blobs import Shape
from tests.layers.cases import check_explained, check_refused, layer_text, set_up

AXPY = layer_text("Axpy", bottoms="a b c")


@pytest.mark.parametrize("factors", [(2, 64), (2, 64, 1, 1), (2, 64, 3)])
def test_axpy(factors: Shape) -> None:
    case = set_up(AXPY, factors, (2, 64, 7, 7), (2, 64, 7, 7))
    assert case.tops == ((2, 64, 7, 7),)
    assert case.macs == 0


@pytest.mark.parametrize(
    ("bottoms", "fragment"),
    [
        (((2, 64), (2, 64, 7, 7), (2, 64, 7, 8)), "found 2 x 64 x 7 x 7 and 2 x 64 x 7 x 8"),
        (((2, 63), (2, 64, 7, 7), (2, 64, 7, 7)), "a factor for each channel of 2 x 64 x 7 x 7"),
        (((2, 64, 1, 7), (2, 64, 7, 7), (2, 64, 7, 7)), "found 2 x 64 x 1 x 7"),
        (((2,), (2,), (2,)), "a factor for each channel of 2, found 2"),
    ],
)
def test_axpy_refused(bottoms: tuple[Shape, ...], fragment: str) -> None:
    check_refused(AXPY, bottoms, 1, 1, fragment)


IMAGE = (2, 3, 4, 5)


@pytest.mark.parametrize(
    "options",
    [
        "",
        "eltwise_param { operation: PROD stable_prod_grad: false }",
        "eltwise_param { operation: MAX }",
        "eltwise_param { coeff: 1 coeff: -0.5 }",
    ],
)
@pytest.mark.parametrize("shape", [(), (7,), IMAGE, (0, 3)])
@pytest.mark.parametrize("top", ["y", "a"])
def test_eltwise(options: str, shape: Shape, top: str) -> None:
    case = set_up(layer_text("Eltwise", options, "a b", top), shape, shape)
    assert (case.tops, case.params, case.macs, case.notes) == ((shape,), {}, 0, ())


def test_eltwise_of_a_single_bottom() -> None:
    case = set_up(layer_text("Eltwise", "eltwise_param { coeff: 2 }"), IMAGE)
    note = "Caffe expects at least 2 bottoms, only forks take a single one"
    assert (case.tops, case.notes) == ((IMAGE,), (note,))


def test_eltwise_max_does_not_read_coeff() -> None:
    options = "eltwise_param { operation: MAX coeff: 1 coeff: 2 }"
    assert set_up(layer_text("Eltwise", options, "a b"), IMAGE, IMAGE).notes == (
        "coeff is not read by MAX",
    )


@pytest.mark.parametrize(
    ("options", "shapes", "line", "column", "fragment"),
    [
        ("", ((2, 3), (3, 2)), 1, 1, "expected bottoms of one shape, found 2 x 3 and 3 x 2"),
        ("", ((2, 3), (2, 3), (2, 3, 1)), 1, 1, "found 2 x 3 and 2 x 3 x 1"),
        (
            "eltwise_param { coeff: 1 }",
            ((2,), (2,)),
            2,
            17,
            "expected a coeff for each of 2 bottoms, found 1",
        ),
        (
            "eltwise_param { operation: PROD coeff: 1 coeff: 1 }",
            ((2,), (2,)),
            2,
            42,
            "coeff expected SUM, found PROD",
        ),
    ],
)
def test_eltwise_refused(
    options: str, shapes: tuple[Shape, ...], line: int, column: int, fragment: str
) -> None:
    names = " ".join("abc"[: len(shapes)])
    check_refused(layer_text("Eltwise", options, names), shapes, line, column, fragment)


LEARNED = [
    ("", (3,)),
    ("axis: 0", (2,)),
    ("axis: 0 num_axes: -1", (2, 3, 4, 5)),
    ("axis: 2 num_axes: 2", (4, 5)),
    ("axis: -1", (5,)),
    ("axis: -2 num_axes: -1", (4, 5)),
    ("num_axes: 0", ()),
    ("axis: 3 num_axes: 1", (5,)),
]
"""Options, and the shape of the blob that they give for a bottom of 2 x 3 x 4 x 5."""


@pytest.mark.parametrize(("options", "shape"), LEARNED)
@pytest.mark.parametrize("top", ["y", "a"])
def test_scale_learned(options: str, shape: Shape, top: str) -> None:
    case = set_up(layer_text("Scale", f"scale_param {{ {options} }}", tops=top), IMAGE)
    assert (case.tops, case.params, case.macs) == ((IMAGE,), {"scale": shape}, 0)


@pytest.mark.parametrize(("options", "shape"), LEARNED)
def test_scale_with_bias(options: str, shape: Shape) -> None:
    text = layer_text("Scale", f"scale_param {{ bias_term: true {options} }}")
    case = set_up(text, IMAGE)
    assert list(case.params.items()) == [("scale", shape), ("bias", shape)]
    check_explained(text, IMAGE)


@pytest.mark.parametrize(("options", "shape"), LEARNED)
def test_bias_learned(options: str, shape: Shape) -> None:
    text = layer_text("Bias", f"bias_param {{ {options} }}")
    case = set_up(text, IMAGE)
    assert (case.tops, case.params, case.macs) == ((IMAGE,), {"bias": shape}, 0)
    check_explained(text, IMAGE)


def test_explained() -> None:
    text = layer_text("Scale", "scale_param { bias_term: true axis: 2 num_axes: 2 }")
    assert check_explained(text, IMAGE) == ["scale: 4 * 5 = 20", "bias: 4 * 5 = 20"]
    assert check_explained(layer_text("Bias", bottoms="a b"), IMAGE, (3,)) == []


@pytest.mark.parametrize(
    ("options", "second"),
    [("", (3,)), ("axis: 0", (2, 3)), ("axis: 0", IMAGE), ("axis: -2", (4, 5)), ("axis: 9", ())],
)
def test_two_bottoms_own_no_blob(options: str, second: Shape) -> None:
    for type_name, field in (("Scale", "scale_param"), ("Bias", "bias_param")):
        case = set_up(layer_text(type_name, f"{field} {{ {options} }}", "a b"), IMAGE, second)
        assert (case.tops, case.params) == ((IMAGE,), {})


@pytest.mark.parametrize(("options", "second"), [("", (3,)), ("axis: 0", (2, 3)), ("", ())])
def test_scale_by_a_second_bottom_with_a_bias_of_its_own(options: str, second: Shape) -> None:
    text = layer_text("Scale", f"scale_param {{ bias_term: true {options} }}", "a b")
    assert set_up(text, IMAGE, second).params == {"bias": second}


@pytest.mark.parametrize(
    ("options", "column", "fragment"),
    [
        ("axis: 4", 15, "axis 4 is out of range for a blob of shape 2 x 3 x 4 x 5"),
        ("axis: -5", 15, "axis -5 is out of range"),
        ("num_axes: -2", 15, "expected num_axes of at least 0, or -1 for all, found -2"),
        (
            "axis: 2 num_axes: 3",
            23,
            "expected at most 2 axes of 2 x 3 x 4 x 5 from axis 2 on, found num_axes 3",
        ),
        (
            'num_axes: 0 filler { type: "msra" }',
            36,
            "the filler msra needs an axis, the scale is a scalar",
        ),
        (
            'bias_term: true num_axes: 0 bias_filler { type: "xavier" }',
            57,
            "the filler xavier needs an axis, the bias is a scalar",
        ),
        # Of a scalar the axis is not read, but for the bias.
        ("num_axes: 0 axis: 4", 27, "axis 4 is out of range"),
    ],
)
def test_scale_refused(options: str, column: int, fragment: str) -> None:
    text = layer_text("Scale", f"scale_param {{ {options} }}")
    check_refused(text, (IMAGE,), 2, column, fragment)


@pytest.mark.parametrize(
    ("options", "second", "line", "column", "fragment"),
    [
        ("", (4,), 1, 1, "the extents of 2 x 3 x 4 x 5 from axis 1 on, found 4"),
        ("", (3, 4, 5, 6), 1, 1, "from axis 1 on, found 3 x 4 x 5 x 6"),
        ("axis: 4", (3,), 2, 15, "axis 4 is out of range"),
        ("bias_term: true axis: 9", (), 2, 31, "axis 9 is out of range"),
    ],
)
def test_scale_by_a_second_bottom_refused(
    options: str, second: Shape, line: int, column: int, fragment: str
) -> None:
    text = layer_text("Scale", f"scale_param {{ {options} }}", "a b")
    check_refused(text, (IMAGE, second), line, column, fragment)


def test_bias_refused() -> None:
    text = layer_text("Bias", "bias_param { num_axes: 4 }")
    check_refused(text, (IMAGE,), 2, 14, "expected at most 3 axes of 2 x 3 x 4 x 5 from axis 1 on")
    check_refused(layer_text("Bias", "", "a b"), (IMAGE, (4,)), 1, 1, "from axis 1 on, found 4")


@pytest.mark.parametrize(
    ("type_name", "options", "bottom"),
    [
        ("Scale", "", (0, 3, 0)),
        ("Scale", "scale_param { bias_term: true }", (2, 3, 0)),
        ("Bias", "", (2, 3, 0)),
    ],
)
def test_empty_bottom_refused(type_name: str, options: str, bottom: Shape) -> None:
    check_refused(layer_text(type_name, options), (bottom,), 1, 1, "not empty")


@pytest.mark.parametrize(
    ("type_name", "bottom"), [("Scale", (0, 3)), ("Scale", (2, 3, 0)), ("Bias", (0, 3, 4))]
)
def test_empty_bottom_that_passes(type_name: str, bottom: Shape) -> None:
    assert set_up(layer_text(type_name), bottom).tops == (bottom,)


def test_empty_blob_refused() -> None:
    check_refused(layer_text("Scale"), ((2, 0),), 1, 1, "the scale of shape 0 is empty")
