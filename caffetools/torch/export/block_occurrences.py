"""One repeated block: what its occurrences have in common, and the arguments for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from caffetools.net.blocks import Block
from caffetools.torch.emit.base import Call, Expression
from caffetools.torch.export.block_names import Templates, kind, numbered, part_name, templates
from caffetools.torch.export.block_source import Source, projection
from caffetools.torch.export.holes import Argument, Hole, arguments, corresponding
from caffetools.torch.export.module_spec import Statement, Variable
from caffetools.torch.export.names import MODULE_ATTRIBUTES, OWN_ATTRIBUTES, Names
from caffetools.torch.export.nesting import Value
from caffetools.torch.export.shortcuts import IDENTITY, SHORTCUT, renamed

PROJECTION = "projection"
"""Argument of a block whose shortcut is not always the identity."""


@dataclass(frozen=True)
class Occurrences:
    """A repeated block of a module, as its statements are."""

    source: Source
    block: Block

    @cached_property
    def windows(self) -> list[tuple[Statement, ...]]:
        """Return the statements of each occurrence."""
        statements = self.source.spec.statements
        return [statements[start : start + self.block.length] for start in self.block.starts]

    @cached_property
    def projected(self) -> list[int]:
        """Return the occurrences whose shortcut is not the identity."""
        return [
            index
            for index, window in enumerate(self.windows)
            for each in window
            if self.source.made.get(each.members.get(SHORTCUT, ""), IDENTITY) != IDENTITY
        ]

    @cached_property
    def named(self) -> Templates | None:
        """Return the common form of the names of layers, those of shortcuts at the end."""
        return templates([self.layers(index, shortcut=False) for index in range(len(self.windows))])

    def layers(self, index: int, *, shortcut: bool) -> list[str]:
        """Return the layers of an occurrence that have parameters, in order."""
        members = [
            name
            for each in self.windows[index]
            for suffix, name in each.members.items()
            if (suffix == SHORTCUT) is shortcut
        ]
        found = {layer for name in members for layer in self.source.layers.get(name, ())}
        return [layer for layer in self.source.spec.params if layer in found]

    @cached_property
    def members(self) -> dict[tuple[int, str], str]:
        """Return names in the block, by the place of a statement and the suffix of a member.

        These are the names of layers without the block's own, or else their kinds.
        """
        window, made = self.windows[0], self.source.made
        own = self.named.own[0] if self.named and self.named.starts else ""
        places = [(place, s, old) for place, e in enumerate(window) for s, old in e.members.items()]
        kinds = [s if s == SHORTCUT else kind(str(made[old].function)) for _, s, old in places]
        wanted = numbered(kinds)
        if own and SHORTCUT not in kinds:
            layers = {each.name: each.layer for each in self.source.spec.constructions}
            wanted = [
                part_name(layers[old], own, each) + (f"_{suffix}" if suffix else "")
                for each, (_, suffix, old) in zip(kinds, places, strict=True)
            ]
        names = Names(MODULE_ATTRIBUTES | OWN_ATTRIBUTES, "layer")
        return {
            (place, suffix): names.add((place, suffix), name)
            for (place, suffix, _), name in zip(places, wanted, strict=True)
        }

    @cached_property
    def numbers(self) -> tuple[list[Expression], list[Argument]]:
        """Return what replaces each number, and the arguments."""
        found, needed = arguments(list(self._holes()))
        if 0 < len(self.projected) < len(self.windows):
            flags = tuple(index in self.projected for index in range(len(self.windows)))
            needed.append(Argument(PROJECTION, flags, default=False))
        return found, needed

    def _holes(self) -> Iterator[Hole]:
        """Yield the numbers, member by member and value by value of each statement."""
        for place, statement in enumerate(self.windows[0]):
            for suffix in statement.members:
                if suffix != SHORTCUT:
                    olds = [window[place].members[suffix] for window in self.windows]
                    yield from corresponding(
                        [self.source.made[old] for old in olds], self.members[place, suffix]
                    )
            for index in range(len(statement.values)):
                yield from corresponding([w[place].values[index] for w in self.windows], "")

    @cached_property
    def shortcut(self) -> Call | None:
        """Return the constructor of the shortcut, None if it does not follow from the arguments."""
        members = [
            member
            for index in self.projected
            for each in self.windows[index]
            if (member := each.members.get(SHORTCUT))
        ]
        return projection(
            [self.source.made[each] for each in members], self.projected, self.numbers[1]
        )

    @cached_property
    def params(self) -> dict[str, tuple[str, ...]] | None:
        """Return the keys of a block's layers, {} for its name; None if names follow no rule."""
        if self.named is None:
            return None
        first = self.projected[0] if self.projected else 0
        own = self.named.own
        forms = dict(zip(self.layers(first, shortcut=False), self.named.layers, strict=True))
        for index in self.projected:
            for one, other in zip(
                self.layers(first, shortcut=True), self.layers(index, shortcut=True), strict=False
            ):
                form = one.replace(own[first], "{}", 1)
                if other.replace(own[index], "{}", 1) != form or "{}" not in form:
                    return None
                forms[one] = form
        names = {
            old: self.members[place, suffix]
            for place, statement in enumerate(self.windows[first])
            for suffix, old in statement.members.items()
        }
        return {
            forms[layer]: tuple(renamed(param.key, names) for param in params)
            for layer, params in self.source.spec.params.items()
            if layer in forms
        }

    @property
    def is_regular(self) -> bool:
        """Whether a class says all that is different."""
        members = any(each.members for each in self.windows[0])
        named = members and self.params is not None
        return named and (not self.projected or self.shortcut is not None)

    def entering(self, index: int) -> list[Variable]:
        """Return what an occurrence reads from outside, in the order of reading."""
        window = self.block.window(self.block.starts[index])
        found: dict[Value, Variable] = {}
        for place in window:
            reads, statement = self.source.values[place][1], self.source.spec.statements[place]
            for value, tensor in zip(reads, statement.bottoms, strict=True):
                if value[0] < window.start:
                    found.setdefault(value, tensor)
        return list(found.values())
