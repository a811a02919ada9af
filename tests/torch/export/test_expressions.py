"""Expressions as Python text."""

from __future__ import annotations

import pytest

from caffetools.torch.emit.base import (
    Attribute,
    Binary,
    Bottom,
    Expression,
    Fill,
    MemberRef,
    Name,
    Negative,
    Span,
    Subscript,
    X,
    call,
    method,
)
from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.pretty import flat


def text(expression: Expression) -> str:
    return flat(
        ExpressionWriter().write(expression, ("a", "b"), {"": "conv", "scale": "conv_scale"})
    )


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (X, "a"),
        (Bottom(1), "b"),
        (MemberRef("scale"), "self.conv_scale"),
        (Attribute(MemberRef(), "weight"), "self.conv.weight"),
        (Name("torch.float32"), "torch.float32"),
        (call(MemberRef(), X), "self.conv(a)"),
        (method(X, "flatten", 1), "a.flatten(1)"),
        (method(Binary(X, "+", 1), "abs"), "(a + 1).abs()"),
        (call("torch.cat", [X, Bottom(1)], dim=1), "torch.cat([a, b], dim=1)"),
        (call("f", (1,), bias=False, kind="A"), 'f((1,), bias=False, kind="A")'),
        (Binary(Binary(X, "+", 1), "*", 2), "(a + 1) * 2"),
        (Binary(Binary(X, "*", 2), "+", 1), "a * 2 + 1"),
        (Binary(X, "-", Binary(X, "-", 1)), "a - (a - 1)"),
        (Binary(X, "**", 2), "a**2"),
        (Binary(Binary(X, "+", 1), "**", 2), "(a + 1) ** 2"),
        (Binary(Negative(X), "**", 2), "(-a) ** 2"),
        (Binary(-2.0, "*", X), "-2.0 * a"),
        (Negative(Binary(X, "+", 1)), "-(a + 1)"),
        (Subscript(X, (Span(), Span(2, 5), Span(None, 3), 0)), "a[:, 2:5, :3, 0]"),
        (Subscript(X, (Span(2, method(X, "size", 0)),)), "a[2 : a.size(0)]"),
        (Subscript(X, (Span(None, method(X, "size", 0)),)), "a[: a.size(0)]"),
        (Binary(X, ">", 0.5), "a > 0.5"),
    ],
)
def test_text(expression: Expression, expected: str) -> None:
    assert text(expression) == expected


def test_what_is_used_is_remembered() -> None:
    writer = ExpressionWriter()
    writer.write(call("F.relu", call("helper", X, dtype=Name("torch.float32"))), ("a",))
    assert writer.modules == {"F", "torch"}
    assert [*writer.calls] == ["helper"]


def test_a_fill() -> None:
    fill = Fill("nn.init.normal_", (("std", 0.5),))
    assert (
        flat(ExpressionWriter().fill(fill, "self.a.weight"))
        == "nn.init.normal_(self.a.weight, std=0.5)"
    )
