"""What emitters write expressions with."""

from __future__ import annotations

from caffetools.proto.prototxt import parse
from caffetools.proto.source import Source
from caffetools.torch.emit.base import (
    Attribute,
    Bottom,
    Call,
    Context,
    Emission,
    MemberRef,
    X,
    call,
    differing,
    image,
    int_or_tuple,
    method,
    signed,
    values,
)


def test_call_and_method() -> None:
    assert call("F.relu", X) == Call("F.relu", (Bottom(0),), ())
    assert call(MemberRef(), X, dim=1) == Call(MemberRef(""), (X,), (("dim", 1),))
    assert method(X, "flatten", 1) == Call(Attribute(X, "flatten"), (1,), ())


def test_only_what_differs_is_passed() -> None:
    assert differing(stride=(2, 1), padding=(0, 0)) == {"stride": 2}
    assert differing(kernel=((1, 2), 1)) == {"kernel": (1, 2)}


def test_equal_extents_are_one_number() -> None:
    assert int_or_tuple((3, 3)) == 3
    assert int_or_tuple((3, 4)) == (3, 4)


def test_values() -> None:
    assert values(X, Bottom(1)) == Emission((Bottom(0), Bottom(1)))


def test_image() -> None:
    context = Context(parse(Source("net", "")), ((2, 3, 4, 5), (2, 3), ()), (), ())
    assert image(context) == Bottom(0)
    assert image(context, 1) == method(Bottom(1), "reshape", 2, 3, 1, 1)
    assert image(context, 2) == method(Bottom(2), "reshape", 1, 1, 1, 1)


def test_signed() -> None:
    assert signed(3) == 3
    assert signed(2**32 - 1) == -1
