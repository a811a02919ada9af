"""In-place ReLUs: the gradient where later layers overwrite the blob, and the memory.

Caffe's backward pass of ReLU reads the sign of its bottom (relu_layer.cpp). In place, that blob
holds what later in-place layers wrote by then, a BatchNorm's result for example.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from caffetools.layers.activation import PReLU, ReLU
from caffetools.layers.convolution import Convolution, Deconvolution
from caffetools.layers.elementwise import Eltwise, Scale
from caffetools.layers.linear import InnerProduct
from caffetools.layers.normalization import BatchNorm
from caffetools.torch.emit.base import (
    Attribute,
    Binary,
    Bottom,
    Call,
    Expression,
    MemberRef,
    Name,
    X,
    call,
    method,
)
from caffetools.torch.export.module_spec import Statement, Variable

_FRESH = (BatchNorm, Convolution, Deconvolution, InnerProduct, Scale)
"""Layers with an output of their own that their gradient does not read."""


def with_later_signs(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """Return the statements, with the later layers' result as the mask of each such ReLU."""
    found = list(statements)
    behind: dict[tuple[Variable, ...], list[Statement]] = {}
    for index in reversed(range(len(found))):
        statement = found[index]
        if not is_in_place(statement):
            continue
        later = behind.setdefault(statement.targets, [])
        fits = all(len(each.bottoms) == len(each.values) == 1 for each in later)
        # What a ReLU without a slope gives is not negative: a PReLU leaves it as it is.
        kept = PReLU if statement.values[0] == call("F.relu", X) else None
        changes = [each for each in later if each.layer_class is not kept]
        if statement.layer_class is ReLU and changes and fits:
            found[index] = _masked(statement, changes)
        if not (statement.layer_class and statement.layer_class.keeps_sign):
            later.insert(0, statement)
    return tuple(found)


def with_reused_memory(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Return the statements, with each `F.relu` in place that nobody can tell from another.

    That is one in place in Caffe, too, behind a layer that does not need its own output to compute
    gradients, where nothing read the blob between the two.
    """
    found = list(statements)
    fresh: dict[str, Statement] = {}
    for index, statement in enumerate(statements):
        for bottom in statement.bottoms:
            owner = fresh.pop(bottom.variable, None)
            same = owner is not None and owner.phase == statement.phase
            if same and is_in_place(statement) and not statement.stopped:
                relu = statement.values[0]
                if statement.layer_class is ReLU and relu == call("F.relu", X):
                    found[index] = replace(statement, values=(method(X, "relu_"),))
        if _is_fresh(statement):
            fresh[statement.targets[0].variable] = statement
    return tuple(found)


def _is_fresh(statement: Statement) -> bool:
    """Whether a statement gives a tensor of its own that no gradient reads."""
    (value, *more) = statement.values or (None,)
    total = isinstance(value, Binary) and value.operator == "+"
    own = statement.layer_class in _FRESH or (statement.layer_class is Eltwise and total)
    return own and not more and len(statement.targets) == 1


def is_in_place(statement: Statement) -> bool:
    """Whether the first output of a statement replaces its first input."""
    return statement.targets[:1] == statement.bottoms[:1] != ()


def _masked(relu: Statement, later: list[Statement]) -> Statement:
    (own,) = relu.values
    assert isinstance(own, Call)
    left = _put(own, method(X, "detach"), {})
    for statement in later:
        (value,) = statement.values
        value = _without_a_step(value) if statement.layer_class is BatchNorm else value
        left = _put(value, left, statement.members)
    masked = call("relu_by_later_signs", X, left, **dict(own.keywords))
    return replace(relu, values=(masked,))


def _without_a_step(expression: Expression) -> Expression:
    """Return BatchNorm's value without its update of the running sums, which happens once."""
    if not isinstance(expression, Call):
        return expression
    arguments = tuple(map(_without_a_step, expression.arguments))
    if expression.function == MemberRef():
        return call(Attribute(MemberRef(), "normalize"), *arguments)
    return replace(expression, arguments=arguments)


def _put(expression: Expression, bottom: Expression, members: dict[str, str]) -> Expression:
    """Return the expression with its bottom replaced, and its members by their names."""
    if isinstance(expression, Bottom):
        return bottom
    if isinstance(expression, MemberRef):
        return Name(f"self.{members[expression.suffix]}")
    if isinstance(expression, Binary):
        sides = (_put(side, bottom, members) for side in (expression.left, expression.right))
        return Binary(next(sides), expression.operator, next(sides))
    if isinstance(expression, Attribute):
        return Attribute(_put(expression.value, bottom, members), expression.name)
    if not isinstance(expression, Call):
        return expression
    function = expression.function
    if not isinstance(function, str):
        put = _put(function, bottom, members)
        assert isinstance(put, Attribute | Name)
        function = put.text if isinstance(put, Name) else put
    arguments = tuple(_put(each, bottom, members) for each in expression.arguments)
    return Call(function, arguments, expression.keywords)
