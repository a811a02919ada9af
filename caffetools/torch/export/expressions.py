"""Expressions of `torch.emit` -> Python text."""

from __future__ import annotations

import builtins
from collections.abc import Container, Mapping, Sequence
from types import MappingProxyType

from caffetools.torch.emit.base import (
    Attribute,
    Binary,
    Bottom,
    Call,
    Expression,
    Fill,
    MemberRef,
    Name,
    Negative,
    Span,
    Subscript,
)
from caffetools.torch.export.pretty import Group, Piece, flat, literal

_STRENGTH = {">": 1, "+": 2, "-": 2, "*": 3, "/": 3, "**": 5}
_NEGATION = 4
_SIMPLE = (Attribute, Bottom, Name, MemberRef, int, float)
"""Operands of a power that is written without blanks if both are of these."""
_WHOLE = 6


class ExpressionWriter:
    """Writes expressions, and collects the modules and helpers that they use."""

    def __init__(self, left_out: Mapping[str, Container[str]] = MappingProxyType({})) -> None:
        """`left_out` are arguments that are not written, by function."""
        self._left_out = left_out
        self.modules: set[str] = set()
        """First parts of the dotted names: torch, F, nn."""
        self.calls: dict[str, list[Call]] = {}
        """Calls of functions without a module: helpers, and classes to fill in."""
        self.names: set[str] = set()
        """Further helpers, in text that is written elsewhere."""
        self._bottoms: Sequence[str] = ()
        self._members: Mapping[str, str] = {}

    def write(
        self,
        expression: Expression,
        bottoms: Sequence[str] = (),
        members: Mapping[str, str] | None = None,
    ) -> Piece:
        """Return the text of an expression, with these names of its bottoms and members."""
        self._bottoms, self._members = bottoms, members or {}
        return self._piece(expression)

    def fill(self, fill: Fill, parameter: str) -> Piece:
        """Return the call that fills a parameter."""
        call = Call(fill.function, (Name(parameter), *fill.arguments), fill.keywords)
        return self.write(call)

    def _piece(self, expression: Expression) -> Piece:
        if isinstance(expression, Call):
            gone = self._left_out.get(str(expression.function), ())
            named = (_keyword(k, self._piece(v)) for k, v in expression.keywords if k not in gone)
            items = [*map(self._piece, expression.arguments), *named]
            return Group(f"{self._function(expression)}(", items, ")", hugged=True)
        if isinstance(expression, list):
            return Group("[", list(map(self._piece, expression)), "]")
        if isinstance(expression, tuple):
            return Group("(", list(map(self._piece, expression)), ")")
        if isinstance(expression, Binary):
            return self._chain(expression)
        if isinstance(expression, Subscript):
            opening = f"{self._operand(expression.value, _WHOLE)}["
            return Group(opening, list(map(self._piece, expression.index)), "]", hugged=True)
        return self._text(expression)

    def _function(self, call: Call) -> str:
        if not isinstance(call.function, str):
            return self._text(call.function)
        if "." not in call.function:
            if not hasattr(builtins, call.function):
                self.calls.setdefault(call.function, []).append(call)
            return call.function
        return self._dotted(call.function)

    def _dotted(self, text: str) -> str:
        self.modules.add(text.partition(".")[0])
        return text

    def _chain(self, expression: Binary) -> Piece:
        """Return operands of one precedence, a sum of several terms for example."""
        strength = _STRENGTH[expression.operator]
        operands: list[Piece] = []
        operators: list[str] = []
        left: Expression = expression
        while isinstance(left, Binary) and _STRENGTH[left.operator] == strength < 5:
            operands.insert(0, self._operand(left.right, strength + 1))
            operators.insert(0, left.operator)
            left = left.left
        if operators:
            return Group("", [self._operand(left, strength), *operands], "", operators=operators)
        base = self._operand(expression.left, strength + 1)
        exponent = self._operand(expression.right, _NEGATION)
        close = all(isinstance(side, _SIMPLE) for side in (expression.left, expression.right))
        return f"{base}**{exponent}" if close else f"{base} ** {exponent}"

    def _operand(self, expression: Expression, strength: int) -> str:
        """Return an operand, in brackets if its precedence is below `strength`."""
        text = flat(self._piece(expression))
        return f"({text})" if _binding(expression) < strength else text

    def _text(self, expression: Expression) -> str:
        if expression is None or isinstance(expression, str | int | float):
            return literal(expression)
        if isinstance(expression, Bottom):
            return self._bottoms[expression.index]
        if isinstance(expression, MemberRef):
            return f"self.{self._members[expression.suffix]}"
        if isinstance(expression, Name):
            return self._dotted(expression.text)
        return self._compound(expression)

    def _span(self, span: Span) -> str:
        """Return a slice, with blanks around the colon unless both ends are simple."""
        start = "" if span.start is None else str(span.start)
        if not isinstance(span.stop, Binary | Call):
            return f"{start}:{'' if span.stop is None else self._text(span.stop)}"
        return f"{start} : {self._text(span.stop)}".lstrip()

    def _compound(self, expression: Expression) -> str:
        """Return the text of an expression that contains others."""
        if isinstance(expression, Attribute):
            return f"{self._operand(expression.value, _WHOLE)}.{expression.name}"
        if isinstance(expression, Negative):
            return f"-{self._operand(expression.value, _NEGATION)}"
        if isinstance(expression, Span):
            return self._span(expression)
        return flat(self._piece(expression))


def _keyword(name: str, value: Piece) -> Piece:
    if isinstance(value, str) or value.operators:
        return f"{name}={flat(value)}"
    return Group(f"{name}={value.opening}", value.items, value.close, hugged=value.hugged)


def _binding(expression: Expression) -> int:
    if isinstance(expression, Binary):
        return _STRENGTH[expression.operator]
    if isinstance(expression, Negative):
        return _NEGATION
    negative = isinstance(expression, int | float) and expression < 0
    return _NEGATION if negative else _WHOLE
