"""Statements written into those that read them."""

from __future__ import annotations

import pytest

from caffetools.net.loading import from_text
from caffetools.torch.emit.base import Attribute, MemberRef, Name, Span, Subscript, X, call
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.model_class import statement_lines
from caffetools.torch.export.nesting import mapped, nested, values_of

HEAD = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 5 } } }'


def layer(kind: str, bottoms: str, top: str, rest: str = "") -> str:
    reads = "".join(f' bottom: "{bottom}"' for bottom in bottoms)
    return f'layer {{ name: "{top}{kind[0]}" type: "{kind}"{reads} top: "{top}" {rest} }}'


def lines(*layers: str) -> list[str]:
    spec = assemble(from_text(HEAD + "".join(layers)))
    outputs = [tensor for found in spec.outputs.values() for tensor in found]
    made = nested(spec.statements, outputs, comments=False)
    return [line for each in made for line in statement_lines(each, ExpressionWriter(), "")]


LINEAR = "inner_product_param { num_output: 5 }"


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ((layer("InnerProduct", "x", "a", LINEAR), layer("ReLU", "a", "a"),
          layer("TanH", "a", "b")),
         ["b = torch.tanh(self.ai(x).relu_())"]),
        # A value that is read twice, and an output.
        ((layer("TanH", "x", "a"), layer("Eltwise", "aa", "b")),
         ["a = torch.tanh(x)", "b = a + a"]),
        ((layer("TanH", "x", "a"), layer("Sigmoid", "x", "b")),
         ["a = torch.tanh(x)", "b = torch.sigmoid(x)"]),
        # What is computed first stays first.
        ((layer("Dropout", "x", "a"), layer("Dropout", "x", "b"), layer("Eltwise", "ab", "c")),
         ["c = self.ad(x) + self.bd(x)"]),
        ((layer("Dropout", "x", "a"), layer("Dropout", "x", "b"), layer("Eltwise", "ba", "c")),
         ["a = self.ad(x)", "c = self.bd(x) + a"]),
    ],
)  # fmt: skip
def test_nested(layers: tuple[str, ...], expected: list[str]) -> None:
    assert lines(*layers) == expected


def test_long_lines_are_not_made_longer() -> None:
    names = [f"{'n' * 30}{index}" for index in range(3)]
    pairs = zip(["x", *names], names, strict=False)
    found = lines(*(layer("TanH", "?", b).replace("?", a) for a, b in pairs))
    assert len(found) == 1
    names = [f"{'n' * 33}{index}" for index in range(2)]
    layers = [layer("InnerProduct", "x", name, LINEAR) for name in names]
    total = (
        layer("Eltwise", "ab", "s").replace('"a"', f'"{names[0]}"').replace('"b"', f'"{names[1]}"')
    )
    found = lines(*layers, total)
    assert found == [
        f"{names[0]} = self.{names[0]}i(x)",
        f"{names[1]} = self.{names[1]}i(x)",
        f"s = {names[0]} + {names[1]}",
    ]


def test_mapped_keeps_all_else() -> None:
    value = Subscript(call(Attribute(MemberRef(), "f"), X, k=[(1, X)]), (Span(1, X), 0))
    assert mapped(value, lambda leaf: leaf) == value
    found = mapped(value, lambda leaf: Name("x") if leaf == X else leaf)
    assert found == Subscript(
        call(Attribute(MemberRef(), "f"), Name("x"), k=[(1, Name("x"))]), (Span(1, Name("x")), 0)
    )


def test_values_have_one_writer() -> None:
    spec = assemble(from_text(HEAD + layer("TanH", "x", "a") + layer("ReLU", "a", "a")))
    assert [(after["a"], reads) for after, reads in values_of(spec.statements)] == [
        ((0, "a"), [(-1, "x")]),
        ((1, "a"), [(0, "a")]),
    ]
