"""What emitters write expressions with."""

from __future__ import annotations

from caffetools.net.loading import from_text
from caffetools.proto.prototxt import parse
from caffetools.proto.source import Source
from caffetools.torch.emit.base import (
    Attribute,
    Bottom,
    Call,
    Context,
    Emission,
    Member,
    MemberRef,
    Slot,
    X,
    call,
    differing,
    fields,
    int_or_tuple,
    method,
    module,
    signed,
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


def test_a_module_is_applied_to_its_inputs() -> None:
    made, slot = call("nn.PReLU"), Slot("weight")
    applied = Emission((call(MemberRef(), X),), (Member(made),), (slot,))
    assert module(made, slot) == applied
    assert module(made, inputs=(X, Bottom(1))).values == (call(MemberRef(), X, Bottom(1)),)


def test_fields() -> None:
    text = 'layer { name: "p" type: "Parameter" top: "p" lrn_param { alpha: 2 } }'
    param = from_text(text).layers[0].node.message.message("lrn_param")
    assert fields(param, alpha=1.0, beta=0.75, k=None) == {"alpha": 2.0}
    assert fields(param, alpha=None) == {"alpha": 2.0}


def test_image() -> None:
    context = Context(parse(Source("net", "")), ((2, 3, 4, 5), (2, 3), ()), (), ())
    assert context.image() == Bottom(0)
    assert context.image(1) == method(Bottom(1), "reshape", 2, 3, 1, 1)
    assert context.image(2) == method(Bottom(2), "reshape", 1, 1, 1, 1)


def test_signed() -> None:
    assert signed(3) == 3
    assert signed(2**32 - 1) == -1
