"""Numbers in which equal expressions differ, and the arguments that replace them."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from caffetools.torch.emit.base import Binary, Call, Expression, Name
from caffetools.torch.export.helpers import helpers
from caffetools.torch.export.nesting import is_number, mapped, parts

Number: TypeAlias = "int | float | tuple[int | float, ...]"

_OPTIONS: dict[str, Number] = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
"""Options of convolutions that are written out to compare them, with PyTorch's defaults."""
_ROLES = {
    "nn.Conv": ("in_channels", "channels"),
    "nn.Linear": ("in_channels", "channels"),
    "nn.BatchNorm": ("channels",),
    "FrozenBatchNorm": ("channels",),
    "BatchNorm": ("channels",),
    "Scale": ("channels",),
}
_CHANNELS = ("in_channels", "channels", "groups")


@dataclass(frozen=True)
class Hole:
    """A number of a block, in each of its occurrences."""

    role: str
    """Name of the argument that it is."""
    member: str
    values: tuple[Number, ...]


@dataclass(frozen=True)
class Argument:
    """An argument of a block's constructor."""

    name: str
    values: tuple[Number, ...]
    default: Number | None


def with_options(value: Call) -> Call:
    """Return the constructor of a convolution with all the options in which it may differ."""
    if not str(value.function).startswith("nn.Conv"):
        return value
    given = dict(value.keywords)
    names = dict.fromkeys(["kernel_size", *_OPTIONS, *given])
    keywords = [(name, given.get(name, _OPTIONS.get(name))) for name in names]
    return Call(value.function, value.arguments, tuple(keywords))


def without_defaults(value: Call) -> Call:
    """Return the constructor of a convolution without options that have PyTorch's defaults."""
    if not str(value.function).startswith("nn.Conv"):
        return value
    kept = (each for each in value.keywords if _OPTIONS.get(each[0]) != each[1])
    return Call(value.function, value.arguments, tuple(kept))


def skeleton(expression: Expression) -> str:
    """Return an expression without its numbers, but with the size of its kernel."""
    text = repr(mapped(expression, lambda leaf: Name("#") if is_number(leaf) else leaf))
    sizes = dict(expression.keywords).get("kernel_size") if isinstance(expression, Call) else None
    return f"{text} {sizes}"


def numbers(expression: Expression, role: str = "value") -> Iterator[tuple[str, Any]]:
    """Yield the numbers of an expression and their roles, in the order of `filled`."""
    if is_number(expression):
        yield role, expression
        return
    if not isinstance(expression, Call):
        for part in parts(expression):
            yield from numbers(part, role)
        return
    if not isinstance(expression.function, str):
        yield from numbers(expression.function, role)
    for index, argument in enumerate(expression.arguments):
        roles = _roles(str(expression.function))
        yield from numbers(argument, roles[index] if index < len(roles) else role)
    for name, value in expression.keywords:
        yield from numbers(value, name)


def filled(expression: Expression, values: Iterator[Expression]) -> Expression:
    """Return an expression with these in place of its numbers."""
    return mapped(expression, lambda leaf: next(values) if is_number(leaf) else leaf)


@cache
def _roles(function: str) -> tuple[str, ...]:
    for start, roles in _ROLES.items():
        if function.startswith(start):
            return roles
    if function not in helpers():
        return ()
    tree = ast.parse(helpers()[function].source)
    made = next((node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)), None)
    names = [each.arg for each in made.args.args] if made is not None else []
    return tuple(name for name in names if name != "self")


def arguments(holes: Sequence[Hole]) -> tuple[list[Expression], list[Argument]]:
    """Return what replaces each hole, and the arguments that this needs."""
    made: dict[tuple[str, tuple[Number, ...]], Argument] = {}
    differing = [hole for hole in holes if len(set(hole.values)) > 1]
    widths = {hole.values for hole in differing if hole.role == "channels"}
    widths -= {hole.values for hole in differing[:1] if hole.role == "in_channels"}
    widths |= _common_width(widths)
    for hole in differing:
        family = "channels" if hole.role in _CHANNELS else hole.role
        common = _multiple(hole.values, widths, family)
        values = hole.values if common is None else common[1]
        if (family, values) in made or (common and values in {h.values for h in differing}):
            continue
        name = hole.role if common is None else "width"
        if name == "channels" and len(widths) > 2:
            name = f"channels_{hole.member.removeprefix('conv_')}"
        taken = {argument.name for argument in made.values()}
        number = 2
        while name in taken:
            name = f"{hole.role}_{number}"
            number += 1
        default = _OPTIONS.get(hole.role) if hole.role in _OPTIONS else None
        default = default if default in values else None
        made[family, values] = Argument(name, values, default)
    found: list[Expression] = []
    for hole in holes:
        family = "channels" if hole.role in _CHANNELS else hole.role
        if len(set(hole.values)) == 1:
            found.append(hole.values[0])
        elif (family, hole.values) in made:
            found.append(Name(made[family, hole.values].name))
        else:
            factor, base = _multiple(hole.values, widths, family) or (1, hole.values)
            found.append(Binary(factor, "*", Name(made[family, base].name)))
    return found, sorted(made.values(), key=lambda each: each.default is not None)


def _common_width(widths: set[tuple[Number, ...]]) -> set[tuple[Number, ...]]:
    """Return the numbers of which two widths are multiples, if neither is one of the other's."""
    if len(widths) != 2 or len(next(iter(widths))) < 3:
        return set()
    one, other = sorted(widths, key=repr)
    factor = int(one[0]) // math.gcd(int(one[0]), int(other[0]))  # type: ignore[arg-type]
    found = tuple(int(each) // factor for each in one)  # type: ignore[arg-type]
    both = all(_multiple(each, {each, found}, "channels") for each in (one, other))
    return {found} if both and len({*found}) > 1 else set()


def _multiple(
    values: tuple[Number, ...], widths: set[tuple[Number, ...]], family: str
) -> tuple[int, tuple[Number, ...]] | None:
    """Return the factor and the other widths of which these are a multiple."""
    if family != "channels" or values not in widths or len(values) < 3:
        return None
    for base in widths - {values}:
        ratios = {a / b for a, b in zip(values, base, strict=True) if isinstance(a, int) and b}  # type: ignore[operator]
        if len(ratios) == 1 and (ratio := ratios.pop()).is_integer() and ratio > 1:
            return int(ratio), base
    return None


def resolved(hole: Hole, places: Sequence[int], needed: Sequence[Argument]) -> Expression | None:
    """Return the number of some occurrences in terms of the arguments, None if that cannot be."""
    if len(set(hole.values)) == 1:
        return hole.values[0]
    for each in needed:
        found = [each.values[place] for place in places]
        if hole.role in _CHANNELS and each.name.startswith(("in_channels", "channels")):
            ratios = {a / b for a, b in zip(hole.values, found, strict=True)}  # type: ignore[operator]
            ratio = next(iter(ratios))
            if len(ratios) == 1 and ratio.is_integer() and (ratio == 1 or each.name == "channels"):
                return Name(each.name) if ratio == 1 else Binary(int(ratio), "*", Name(each.name))
        elif each.name == hole.role and tuple(found) == hole.values:
            return Name(each.name)
    return None


def corresponding(values: Sequence[Expression], member: str) -> Iterator[Hole]:
    """Yield the numbers of corresponding expressions."""
    for found in zip(*map(numbers, values), strict=True):
        yield Hole(found[0][0], member, tuple(value for _, value in found))


def annotation(argument: Argument) -> str:
    """Return the annotation of an argument."""
    found = set()
    for value in argument.values:
        several = value if isinstance(value, tuple) else (value,)
        plain = "float" if any(isinstance(each, float) for each in several) else "int"
        plain = "bool" if isinstance(value, bool) else plain
        found.add(f"tuple[{plain}, ...]" if isinstance(value, tuple) else plain)
    return " | ".join(sorted(found - {"int"} if "float" in found else found))
