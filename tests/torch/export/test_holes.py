"""Numbers in which blocks differ, and the arguments in their place."""

from __future__ import annotations

from caffetools.torch.emit.base import Binary, Name, X, call
from caffetools.torch.export.holes import (
    Hole,
    arguments,
    filled,
    numbers,
    resolved,
    skeleton,
    with_options,
    without_defaults,
)

CONV = call("nn.Conv2d", 64, 128, kernel_size=3, stride=2, bias=False)


def test_options_are_written_out_and_left_out_again() -> None:
    whole = with_options(CONV)
    assert dict(whole.keywords) == {
        "kernel_size": 3,
        "stride": 2,
        "padding": 0,
        "dilation": 1,
        "groups": 1,
        "bias": False,
    }
    assert without_defaults(whole) == CONV
    assert with_options(call("nn.Linear", 1, 2)) == call("nn.Linear", 1, 2)


def test_numbers_and_what_is_left() -> None:
    assert list(numbers(CONV)) == [
        ("in_channels", 64),
        ("channels", 128),
        ("kernel_size", 3),
        ("stride", 2),
    ]
    assert skeleton(CONV) == skeleton(call("nn.Conv2d", 1, 2, kernel_size=3, stride=4, bias=False))
    assert skeleton(CONV) != skeleton(call("nn.Conv2d", 64, 128, kernel_size=3, stride=2))
    assert skeleton(CONV) != skeleton(call("nn.Conv2d", 1, 2, kernel_size=1, stride=4, bias=False))


def test_tuples_are_one_number() -> None:
    value = call("relu", call("PriorBox", (21.0, 30.0)), X, step=(8.0, 8.0))
    assert list(numbers(value)) == [("min_size", (21.0, 30.0)), ("step", (8.0, 8.0))]
    names = iter([Name("a"), Name("b")])
    assert filled(value, names) == call("relu", call("PriorBox", Name("a")), X, step=Name("b"))
    assert list(numbers(call("PriorBox", (), ()))) == [("min_size", ()), ("max_size", ())]
    assert list(numbers(call("Scale", (64,)))) == [("channels", 64)]


def test_arguments() -> None:
    """in 8 16 32, out 4 8 16, twice; 4 out; a stride of 1 2 2; a padding of 1 everywhere."""
    holes = [
        Hole("in_channels", "conv1", (8, 16, 32)),
        Hole("channels", "conv1", (4, 8, 16)),
        Hole("stride", "conv1", (1, 2, 2)),
        Hole("padding", "conv1", (1, 1, 1)),
        Hole("in_channels", "conv2", (4, 8, 16)),
        Hole("channels", "conv2", (16, 32, 64)),
    ]
    found, needed = arguments(holes)
    assert [(each.name, each.default) for each in needed] == [
        ("in_channels", None),
        ("channels", None),
        ("stride", 1),
    ]
    assert found == [
        Name("in_channels"),
        Name("channels"),
        Name("stride"),
        1,
        Name("channels"),
        Binary(4, "*", Name("channels")),
    ]
    assert resolved(Hole("channels", "", (64, 32)), [2, 1], needed) == Binary(
        4, "*", Name("channels")
    )
    assert resolved(Hole("stride", "", (2, 1)), [1, 0], needed) == Name("stride")
    assert resolved(Hole("channels", "", (5, 7)), [0, 1], needed) is None


def test_two_widths_have_a_common_part() -> None:
    """16 24 16 and 84 126 84: 4 and 21 for each of 4 6 4 boxes."""
    holes = [
        Hole("in_channels", "loc", (512, 1024, 256)),
        Hole("channels", "loc", (16, 24, 16)),
        Hole("in_channels", "conf", (512, 1024, 256)),
        Hole("channels", "conf", (84, 126, 84)),
    ]
    found, needed = arguments(holes)
    assert [(each.name, each.values) for each in needed] == [
        ("in_channels", (512, 1024, 256)),
        ("width", (4, 6, 4)),
    ]
    assert found[1::2] == [Binary(4, "*", Name("width")), Binary(21, "*", Name("width"))]
