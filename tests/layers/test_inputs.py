from __future__ import annotations

import pytest

from caffetools.layers.blobs import Shape
from tests.layers.cases import check_refused, layer_text, set_up


@pytest.mark.parametrize(
    ("options", "tops", "expected"),
    [
        ("shape { dim: 2 dim: 3 }", "y", ((2, 3),)),
        ("shape { dim: 2 dim: 3 }", "y z", ((2, 3), (2, 3))),
        ("shape { dim: 2 } shape { dim: 0 dim: 4 }", "y z", ((2,), (0, 4))),
        ("shape { }", "y", ((),)),
    ],
)
def test_input(options: str, tops: str, expected: tuple[Shape, ...]) -> None:
    case = set_up(layer_text("Input", f"input_param {{ {options} }}", "", tops))
    assert (case.tops, case.params, case.macs, case.notes) == (expected, {}, 0, ())


def test_an_input_without_a_shape() -> None:
    case = set_up(layer_text("Input", "", "", "y z"))
    assert case.tops == (None, None)
    assert case.notes == (
        "the shape of an Input is unknown; pass --input-shape y=D,D,… --input-shape z=D,D,…",
    )
    case = set_up(layer_text("Input", "", "", "y z"), input_shapes={"y": (1,), "z": (2, 2)})
    assert (case.tops, case.notes) == (((1,), (2, 2)), ())


@pytest.mark.parametrize(
    ("options", "column", "fragment"),
    [
        ("shape { } shape { }", 25, "expected shape once, or once for each of 3 tops, found 2"),
        ("shape { dim: 2 dim: -1 }", 30, "expected a dim from 0 to 2^31 - 1, found -1"),
        ("shape { dim: 2147483648 }", 23, "found 2147483648"),
    ],
)
def test_input_refused(options: str, column: int, fragment: str) -> None:
    text = layer_text("Input", f"input_param {{ {options} }}", "", "u v w")
    check_refused(text, (), 2, column, fragment)


def test_a_shape_too_many() -> None:
    text = layer_text("Input", "input_param { shape { } shape { } }", "", "y")
    check_refused(text, (), 2, 25, "expected shape once, found 2")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("shape { dim: 2 dim: 3 dim: 4 }", ((2, 3, 4), (2, 3, 4))),
        ("shape { dim: 2 } shape { dim: 3 }", ((2,), (3,))),
        ("num: 2 channels: 3 height: 4 width: 5", ((2, 3, 4, 5), (2, 3, 4, 5))),
        (
            "num: 2 channels: 3 channels: 1 height: 4 width: 5 width: 6",
            ((2, 3, 4, 5), (2, 1, 4, 6)),
        ),
        ("shape { dim: 0 }", ((0,), (0,))),
        ('shape { dim: 2 } data_filler { type: "constant" value: 1 }', ((2,), (2,))),
        ('shape { dim: 0 } data_filler { type: "gaussian" }', ((0,), (0,))),
        ("shape { dim: 2 } data_filler { } data_filler { }", ((2,), (2,))),
    ],
)
def test_dummy_data(options: str, expected: tuple[Shape, ...]) -> None:
    case = set_up(layer_text("DummyData", f"dummy_data_param {{ {options} }}", "", "y z"))
    assert (case.tops, case.params, case.macs, case.notes) == (expected, {}, 0, ())


@pytest.mark.parametrize(
    ("options", "column", "fragment"),
    [
        ("", 1, "expected shape once, or once for each of 3 tops, found 0"),
        ("shape { } shape { }", 30, "expected shape once, or once for each of 3 tops, found 2"),
        ("num: 1 shape { }", 27, "expected shape, or num to width, found both"),
        ("num: 1 channels: 1 height: 1", 1, "expected width once, or once for each of 3 tops"),
        ("num: 1 num: 2", 27, "expected num once, or once for each of 3 tops, found 2"),
        ("num: 2147483648 channels: 1 height: 1 width: 1", 20, "expected num below 2^31"),
        ("shape { dim: 1 } data_filler { } data_filler { }", 53, "expected data_filler once, or"),
        ("shape { dim: 0 } data_filler { }", 37, "the top of shape 0 is empty"),
    ],
)
def test_dummy_data_refused(options: str, column: int, fragment: str) -> None:
    text = layer_text("DummyData", f"dummy_data_param {{ {options} }}", "", "u v w")
    check_refused(text, (), 2, column, fragment)


MEMORY = "memory_data_param { batch_size: 10 channels: 3 height: 8 width: 9 }"


def test_memory_data() -> None:
    text = layer_text("MemoryData", MEMORY, "", "y z")
    assert set_up(text).tops == ((10, 3, 8, 9), (10,))
    assert set_up(text, batch_size=4).tops == ((4, 3, 8, 9), (4,))
    assert set_up(text, input_shapes={"y": (5, 1, 2, 2)}).tops == ((5, 1, 2, 2), (5,))


@pytest.mark.parametrize(
    ("old", "new", "column", "fragment"),
    [
        ("batch_size: 10", "", 1, "expected batch_size of at least 1, found 0"),
        ("channels: 3", "channels: 0", 36, "expected channels of at least 1, found 0"),
        ("height: 8", "", 1, "expected height of at least 1, found 0"),
        ("width: 9", "width: 3000000000", 58, "expected width below 2^31"),
    ],
)
def test_memory_data_refused(old: str, new: str, column: int, fragment: str) -> None:
    text = layer_text("MemoryData", MEMORY.replace(old, new), "", "y z")
    check_refused(text, (), 2, column, fragment)


def test_memory_data_has_labels() -> None:
    check_refused(layer_text("MemoryData", MEMORY, ""), (), 1, 38, "expects 2 tops, found 1")


@pytest.mark.parametrize(
    ("options", "shape"), [("shape { dim: 2 dim: 3 }", (2, 3)), ("shape { }", ()), ("", ())]
)
def test_parameter(options: str, shape: Shape) -> None:
    case = set_up(layer_text("Parameter", f"parameter_param {{ {options} }}", ""))
    assert (case.tops, case.params, case.macs) == ((shape,), {"parameter": shape}, 0)
    assert set_up(layer_text("Parameter", "", ""), batch_size=7).tops == ((),)


def test_parameter_refused() -> None:
    text = layer_text("Parameter", "parameter_param { shape { dim: -2 } }", "")
    check_refused(text, (), 2, 27, "expected a dim from 0 to 2^31 - 1, found -2")
