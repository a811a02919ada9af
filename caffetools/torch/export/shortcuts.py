"""Shortcuts of residual blocks as members, so that blocks with and without projections are alike.

`res2a = branch1 + branch2`, with a convolution and a normalization in branch1, becomes
`res2a = self.res2a_shortcut(pool1) + branch2`; without them, the shortcut is an `nn.Identity`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from caffetools.torch.emit.base import Binary, Bottom, Call, Expression, MemberRef, X, call
from caffetools.torch.export.module_spec import Construction, ModuleSpec, Statement
from caffetools.torch.export.names import Names
from caffetools.torch.export.nesting import Value, mapped, values_of

SHORTCUT = "shortcut"
IDENTITY = call("nn.Identity")
_KINDS = ("nn.Conv", "nn.BatchNorm", "FrozenBatchNorm", "BatchNorm", "Scale")


class _Shortcut(NamedTuple):
    place: int
    """The statement of the sum."""
    operand: int
    chain: tuple[int, ...]
    """Statements of the projection."""


def with_shortcuts(spec: ModuleSpec) -> ModuleSpec:
    """Return the description with a member for each shortcut, if some have a projection."""
    found = list(_shortcuts(spec))
    if not any(each.chain for each in found) or all(each.chain for each in found):
        return spec
    made = {each.name: each for each in spec.constructions}
    names = Names(made, "layer")
    statements: list[Statement | None] = list(spec.statements)
    moved: dict[str, str] = {}
    added: list[Construction] = []
    for place, operand, chain in found:
        total = spec.statements[place]
        name = names.add(place, f"{total.targets[0].variable}_{SHORTCUT}")
        inside = [made[spec.statements[each].members[""]] for each in chain]
        value = call("nn.Sequential", *(each.value for each in inside)) if inside else IDENTITY
        added.append(Construction(name, value, name, buffer=False))
        moved |= {each.name: f"{name}.{index}" for index, each in enumerate(inside)}
        bottoms = list(total.bottoms)
        if chain:
            bottoms[operand] = spec.statements[chain[0]].bottoms[0]
        sides: list[Expression] = [X, Bottom(1)]
        sides[operand] = call(MemberRef(SHORTCUT), sides[operand])
        statements[place] = replace(
            total,
            values=(Binary(sides[0], "+", sides[1]),),
            bottoms=tuple(bottoms),
            members={SHORTCUT: name},
        )
        for each in chain:
            statements[each] = None
    return replace(
        spec,
        statements=tuple(each for each in statements if each is not None),
        constructions=(*(each for each in spec.constructions if each.name not in moved), *added),
        params={
            layer: tuple(replace(each, key=renamed(each.key, moved)) for each in params)
            for layer, params in spec.params.items()
        },
    )


def without_identity(statement: Statement) -> Statement:
    """Return the statement of a sum without a member for its shortcut."""

    def put(leaf: Expression) -> Expression:
        return leaf

    (value,) = statement.values
    assert isinstance(value, Binary)
    left, right = (
        side.arguments[0]
        if isinstance(side, Call) and side.function == MemberRef(SHORTCUT)
        else side
        for side in (value.left, value.right)
    )
    return replace(statement, values=(mapped(Binary(left, "+", right), put),), members={})


def renamed(key: str, names: dict[str, str]) -> str:
    """Return a key of the state dict with a new name for its submodule."""
    first, dot, rest = key.partition(".")
    return f"{names.get(first, first)}{dot}{rest}"


def _shortcuts(spec: ModuleSpec) -> Iterator[_Shortcut]:
    values = values_of(spec.statements)
    uses = Counter(value for _, reads in values for value in reads)
    shared = Counter(name for each in spec.statements for name in each.members.values())
    made = {each.name: str(each.value.function) for each in spec.constructions}
    tied = {key.partition(".")[0] for tie in spec.ties for key in (tie.source, tie.target)}

    def chain_to(value: Value) -> tuple[Value, list[int]]:
        """Return what a chain of convolutions and normalizations begins with, and the chain."""
        chain: list[int] = []
        while value[0] >= 0 and uses[value] == 1:
            each = spec.statements[value[0]]
            name = each.members.get("", "")
            module = each.values == (call(MemberRef(), X),) and made[name].startswith(_KINDS)
            if not module or shared[name] > 1 or name in tied or each.phase or each.stopped:
                break
            chain.insert(0, value[0])
            value = values[value[0]][1][0]
        return value, chain

    for place, each in enumerate(spec.statements):
        plain = each.type == "Eltwise" and each.values == (Binary(X, "+", Bottom(1)),)
        if not plain or each.phase or each.stopped:
            continue
        for operand, value in enumerate(values[place][1]):
            base, chain = chain_to(value)
            same = values[place - 1][0].get(base[1], (-1, base[1])) == base if place else False
            if same and uses[base] > 1 and _reaches(values, values[place][1][1 - operand], base):
                yield _Shortcut(place, operand, tuple(chain))
                break


def _reaches(
    values: list[tuple[dict[str, Value], list[Value]]],
    value: Value,
    base: Value,
) -> bool:
    """Whether a value is computed from another by a chain of layers."""
    for _ in range(64):
        if value == base:
            return True
        if value[0] < 0 or len(values[value[0]][1]) != 1:
            return False
        value = values[value[0]][1][0]
    return False
