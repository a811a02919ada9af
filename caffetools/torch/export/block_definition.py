"""One repeated block: its class, and the call that constructs each of its occurrences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from caffetools.torch.emit.base import Call, Expression, Name
from caffetools.torch.export.block_names import class_name, part_name
from caffetools.torch.export.block_occurrences import PROJECTION, Occurrences
from caffetools.torch.export.block_source import as_call
from caffetools.torch.export.helpers import helpers
from caffetools.torch.export.holes import annotation, filled, without_defaults
from caffetools.torch.export.module_spec import (
    BlockArgument,
    BlockSpec,
    Construction,
    Statement,
    Variable,
)
from caffetools.torch.export.names import GLOBALS, Names
from caffetools.torch.export.nesting import mapped
from caffetools.torch.export.shortcuts import SHORTCUT, without_identity


@dataclass(frozen=True)
class Definition(Occurrences):
    """A repeated block of a module, as a class."""

    def call(self, name: str, index: int) -> Call:
        """Return the constructor of an occurrence."""
        given = [(each, each.values[index]) for each in self.numbers[1]]
        return Call(
            name,
            tuple(number for each, number in given if each.default is None),
            tuple((e.name, v) for e, v in given if e.default is not None and e.default != v),
        )

    def spec(self, taken: set[str]) -> BlockSpec:
        """Return the class, with a name that is not taken."""
        found, needed = self.numbers
        constructions, statements = self._body(iter(found), {each.name for each in needed})
        rename = self._variables
        reads = repr([each.values for each in statements])
        kept = {each.name for each in needed if f"self.{each.name}'" in reads}
        return BlockSpec(
            self._name(constructions, taken),
            tuple(
                BlockArgument(each.name, annotation(each), each.default, each.name in kept)
                for each in needed
            ),
            tuple(constructions),
            tuple(statements),
            tuple(rename[each.blob] for each in self.entering(0)),
            tuple(statements[place].targets[index] for place, index in self.block.exits),
            self.params or {},
        )

    @cached_property
    def _variables(self) -> dict[str, Variable]:
        """Return the variables of `forward` by the blobs of the first occurrence."""
        own = self.named.own[0] if self.named else ""
        taken = {*GLOBALS, *helpers(), *(each.name for each in self.numbers[1])}
        names = Names(taken, "branch")
        found = {}
        for index, tensor in enumerate(self.entering(0)):
            wanted = tensor.variable if index else "x"
            found[tensor.blob] = replace(tensor, variable=names.add(tensor.blob, wanted))
        for statement in self.windows[0]:
            for tensor in statement.targets:
                name = names.add(tensor.blob, part_name(tensor.blob, own, "branch"))
                found[tensor.blob] = replace(tensor, variable=name)
        return found

    def _body(
        self, given: Iterator[Expression], needed: set[str]
    ) -> tuple[list[Construction], list[Statement]]:
        """Return the members and statements of the class."""
        constructions, statements = [], []
        rename = self._variables

        def kept(leaf: Expression) -> Expression:
            is_kept = isinstance(leaf, Name) and leaf.text in needed
            return Name(f"self.{leaf.text}") if isinstance(leaf, Name) and is_kept else leaf

        for place, statement in enumerate(self.windows[0]):
            line = statement
            if SHORTCUT in line.members and not self.projected:
                line = without_identity(line)
            for suffix in line.members:
                name, condition = self.members[place, suffix], ""
                if suffix == SHORTCUT:
                    assert self.shortcut is not None
                    value = self.shortcut
                    condition = PROJECTION if PROJECTION in needed else ""
                else:
                    made = self.source.made[statement.members[suffix]]
                    value = without_defaults(as_call(filled(made, given)))
                constructions.append(Construction(name, value, name, False, condition))
            values = (mapped(filled(value, given), kept) for value in line.values)
            statements.append(
                replace(
                    line,
                    values=tuple(values),
                    members={suffix: self.members[place, suffix] for suffix in line.members},
                    targets=tuple(rename[each.blob] for each in line.targets),
                    bottoms=tuple(rename[each.blob] for each in line.bottoms),
                )
            )
        return constructions, statements

    def _name(self, constructions: Sequence[Construction], taken: set[str]) -> str:
        """Return a name for the class."""
        window = self.windows[0]
        functions = [str(each.value.function) for each in constructions]
        functions += [str(v.function) for s in window for v in s.values if isinstance(v, Call)]
        joining = next(s for s in reversed(window) if s.targets[:1] != s.bottoms[:1])
        grouped = any(dict(each.value.keywords).get("groups") for each in constructions)
        name = class_name(functions, joining.type, grouped, self.entering(0)[0] in joining.bottoms)
        number = 2
        found = name
        while found in taken:
            found = f"{name}{number}"
            number += 1
        return found
