"""Write what one statement computes into the only statement that reads it, where it fits.

`conv1 = self.conv1(x)` and `conv1 = F.relu(conv1)` become `conv1 = F.relu(self.conv1(x))`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from caffetools.layers.blobs import dims
from caffetools.torch.emit.base import (
    Attribute,
    Binary,
    Bottom,
    Call,
    Expression,
    MemberRef,
    Name,
    Negative,
    Span,
    Subscript,
)
from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.module_spec import Statement, Variable
from caffetools.torch.export.pretty import WIDTH, flat

Value: TypeAlias = tuple[int, str]

_INDENT = 8
_DEEPEST = 4
"""Maximum number of calls within each other."""


def mapped(  # noqa: C901  # a case for each kind of expression
    expression: Expression, put: Callable[[Expression], Expression]
) -> Expression:
    """Return an expression with its leaves, and functions that are members, replaced by `put`.

    A tuple of numbers is a leaf.
    """

    def go(inner: Expression) -> Expression:
        return mapped(inner, put)

    match expression:
        case Call(function, arguments, keywords):
            if not isinstance(function, str):
                made: Any = go(function)
                function = made.text if isinstance(made, Name) else made
            plain = tuple(map(go, arguments))
            named = tuple((name, go(value)) for name, value in keywords)
            found: Expression = Call(function, plain, named)
        case Binary(left, operator, right):
            found = Binary(go(left), operator, go(right))
        case Attribute(value, name):
            found = Attribute(go(value), name)
        case Negative(value):
            found = Negative(go(value))
        case Subscript(value, index):
            found = Subscript(go(value), tuple(map(go, index)))
        case Span(start, stop):
            found = Span(start, go(stop))
        case list():
            found = list(map(go, expression))
        case tuple() if not is_number(expression):
            found = tuple(map(go, expression))
        case _:
            found = put(expression)
    return found


def is_number(expression: Expression) -> bool:
    """Whether an expression is a number, or several in a tuple."""
    if isinstance(expression, tuple):
        plain = all(map(is_number, expression))
        return plain and not (len(expression) == 1 and isinstance(expression[0], int))
    return isinstance(expression, int | float) and not isinstance(expression, bool)


def nested(
    statements: Sequence[Statement], outputs: Sequence[Variable], *, comments: bool = True
) -> tuple[Statement, ...]:
    """Return the statements, those that fit written into the next one.

    `comments` keeps columns for sizes.
    """
    if not statements:
        return ()
    ids = values_of(statements)
    uses = Counter(value for _, reads in ids for value in reads)
    for tensor in outputs:
        uses[ids[-1][0].get(tensor.blob, (-1, tensor.blob))] += 1
    found: list[Statement] = []
    written: list[dict[str, Value]] = []
    for statement, (after, _) in zip(statements, ids, strict=True):
        merged = statement
        while found:
            both = _merged(found[-1], merged, written[-1], uses)
            if both is None or not _fits(both, comments=comments):
                break
            merged = both
            found.pop()
            written.pop()
        found.append(merged)
        written.append(after)
    return tuple(found)


def values_of(
    statements: Sequence[Statement],
) -> list[tuple[dict[str, Value], list[Value]]]:
    """Return for each statement the values that blobs have after it, and those that it reads.

    A value is the statement that computes it, -1 for an input, and the blob.
    """
    current: dict[str, Value] = {}
    found = []
    for index, statement in enumerate(statements):
        reads = [current.get(each.blob, (-1, each.blob)) for each in statement.bottoms]
        current = {**current, **{each.blob: (index, each.blob) for each in statement.targets}}
        found.append((current, reads))
    return found


def _merged(
    first: Statement,
    second: Statement,
    written: dict[str, Value],
    uses: Counter[Value],
) -> Statement | None:
    """Return two statements as one, None if others read the first."""
    if len(first.values) != 1 or len(first.targets) != 1 or len(second.values) != 1:
        return None
    (target,), (inner,), (outer,) = first.targets, first.values, second.values
    if (
        uses[written[target.blob]] != 1
        or target not in second.bottoms
        or first.phase != second.phase
    ):
        return None
    index = second.bottoms.index(target)
    if first.stopped or second.stopped or _count(outer, Bottom(index)) != 1:
        return None
    # Layers draw random numbers in the order in which they are computed.
    if _path(outer, Bottom(index))[1]:
        return None
    # A line ends with an activation: `F.relu(self.conv(x))`, not `self.conv(F.relu(x))`.
    if isinstance(outer, Call) and outer.function == MemberRef() and not _is_member_call(inner):
        return None
    behind = len(second.bottoms) - 1
    inner = mapped(inner, lambda leaf: _renamed(leaf, first, lambda each: behind + each))
    value = mapped(
        outer,
        lambda leaf: (
            inner
            if leaf == Bottom(index)
            else _renamed(leaf, second, lambda each: each - (each > index))
        ),
    )
    kept = (each for place, each in enumerate(second.bottoms) if place != index)
    return replace(second, values=(value,), members={}, bottoms=(*kept, *first.bottoms))


def _renamed(leaf: Expression, statement: Statement, place: Callable[[int], int]) -> Expression:
    """Return a bottom with its new index, a member by its name."""
    if isinstance(leaf, Bottom):
        return Bottom(place(leaf.index))
    return Name(f"self.{statement.members[leaf.suffix]}") if isinstance(leaf, MemberRef) else leaf


def _count(expression: Expression, leaf: Expression) -> int:
    found = 0

    def put(inner: Expression) -> Expression:
        nonlocal found
        found += inner == leaf
        return inner

    mapped(expression, put)
    return found


def parts(expression: Expression) -> list[Expression]:
    """Return the parts of an expression in the order in which they are computed."""
    if isinstance(expression, Call):
        inner = [*expression.arguments, *(value for _, value in expression.keywords)]
        function = expression.function
        return [function.value, *inner] if isinstance(function, Attribute) else inner
    if isinstance(expression, Binary):
        return [expression.left, expression.right]
    if isinstance(expression, Attribute | Negative):
        return [expression.value]
    if isinstance(expression, Subscript):
        return [expression.value, *expression.index]
    if isinstance(expression, Span):
        return [expression.stop]
    return [*expression] if isinstance(expression, list | tuple) else []


def _path(expression: Expression, leaf: Expression) -> tuple[bool, bool]:
    """Return whether a leaf is in an expression, and whether something is called before it."""
    called = False
    for part in parts(expression):
        found, before = _path(part, leaf)
        called = called or before
        if found:
            return True, called
    return expression == leaf, called or isinstance(expression, Call)


def _depth(expression: Expression) -> int:
    """Return how many calls are within each other."""
    inner = max(map(_depth, parts(expression)), default=0)
    return inner + isinstance(expression, Call)


def _is_member_call(expression: Expression) -> bool:
    if not isinstance(expression, Call):
        return False
    function = expression.function
    return isinstance(function, MemberRef) or str(function).startswith("self.")


def _fits(statement: Statement, *, comments: bool) -> bool:
    (value,) = statement.values
    names = [tensor.variable for tensor in statement.bottoms]
    targets = ", ".join(tensor.variable for tensor in statement.targets)
    text = flat(ExpressionWriter().write(value, names, statement.members))
    before = {tensor.shape for tensor in statement.bottoms[:1]}
    sizes = [*{tensor.shape or () for tensor in statement.targets} - before]
    comment = f"  # {dims(sizes[0])}" if sizes and comments else ""
    line = f"{targets} = {text}{comment}"
    return _INDENT + len(line) <= WIDTH and _depth(value) <= _DEEPEST
