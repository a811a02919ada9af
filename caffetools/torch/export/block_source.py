"""A module that has repeated blocks, looked up by names; the projections of its blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from caffetools.torch.emit.base import Call, Expression
from caffetools.torch.export.holes import (
    Argument,
    corresponding,
    filled,
    resolved,
    with_options,
    without_defaults,
)
from caffetools.torch.export.module_spec import ModuleSpec
from caffetools.torch.export.nesting import Value, values_of
from caffetools.torch.export.shortcuts import SHORTCUT


@dataclass(frozen=True)
class Source:
    """A module, looked up by names."""

    spec: ModuleSpec

    @cached_property
    def made(self) -> dict[str, Call]:
        """Constructors by member, convolutions with all options."""
        return {each.name: with_options(each.value) for each in self.spec.constructions}

    @cached_property
    def values(self) -> list[tuple[dict[str, Value], list[Value]]]:
        """See `values_of`."""
        return values_of(self.spec.statements)

    @cached_property
    def layers(self) -> dict[str, list[str]]:
        """Layers by the member that has their parameters."""
        found: dict[str, list[str]] = {}
        for layer, params in self.spec.params.items():
            for member in {param.key.partition(".")[0] for param in params}:
                found.setdefault(member, []).append(layer)
        return found


def projection(
    values: Sequence[Call], places: Sequence[int], needed: Sequence[Argument]
) -> Call | None:
    """Return the constructor of a shortcut, None if it does not follow from the arguments.

    `values` are those of the occurrences in `places`.
    """
    inner = [[with_options(as_call(each)) for each in value.arguments] for value in values]
    if len({tuple(str(each.function) for each in several) for several in inner}) != 1:
        return None
    found = []
    for several in zip(*inner, strict=True):
        if len({tuple(name for name, _ in each.keywords) for each in several}) != 1:
            return None
        holes = corresponding(several, SHORTCUT)
        given = [resolved(hole, places, needed) for hole in holes]
        if None in given:
            return None
        found.append(without_defaults(as_call(filled(several[0], iter(given)))))
    return Call("nn.Sequential", tuple(found))


def as_call(expression: Expression) -> Call:
    """Return an expression that is a call."""
    assert isinstance(expression, Call)
    return expression
