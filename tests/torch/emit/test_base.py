"""What emitters write expressions with."""

from __future__ import annotations

from caffetools.torch.emit.base import (
    Attribute,
    Bottom,
    Call,
    Emission,
    Own,
    X,
    call,
    differing,
    method,
    once,
    values,
)


def test_call_and_method() -> None:
    assert call("F.relu", X) == Call("F.relu", (Bottom(0),), ())
    assert call(Own(), X, dim=1) == Call(Own(""), (X,), (("dim", 1),))
    assert method(X, "flatten", 1) == Call(Attribute(X, "flatten"), (1,), ())


def test_only_what_differs_is_passed() -> None:
    assert differing(stride=(2, 1), padding=(0, 0)) == {"stride": 2}
    assert differing(kernel=((1, 2), 1)) == {"kernel": (1, 2)}


def test_equal_extents_are_one_number() -> None:
    assert once((3, 3)) == 3
    assert once((3, 4)) == (3, 4)


def test_values() -> None:
    assert values(X, Bottom(1)) == Emission((Bottom(0), Bottom(1)))
