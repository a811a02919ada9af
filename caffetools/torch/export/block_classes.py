"""Repeated blocks of a module as classes, with their differences as arguments."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from caffetools.net.blocks import Block, Step, repeated_blocks
from caffetools.torch.emit.base import Bottom, MemberRef, call
from caffetools.torch.export.block_definition import Definition
from caffetools.torch.export.block_source import Source
from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.helpers import helpers
from caffetools.torch.export.holes import skeleton, without_defaults
from caffetools.torch.export.model_class import statement_lines
from caffetools.torch.export.module_spec import (
    BlockSpec,
    Construction,
    Instance,
    ModuleSpec,
    Statement,
    Variable,
)
from caffetools.torch.export.names import GLOBALS, MODULE_ATTRIBUTES, OWN_ATTRIBUTES, Names
from caffetools.torch.export.nesting import Value
from caffetools.torch.export.params_table import BODY, key_rule
from caffetools.torch.export.pretty import statement
from caffetools.torch.export.shortcuts import (
    IDENTITY,
    SHORTCUT,
    renamed,
    with_shortcuts,
    without_identity,
)


def with_blocks(spec: ModuleSpec) -> ModuleSpec:
    """Return the description with a class for each repeated block."""
    if not spec.statements:
        return spec
    source = Source(with_shortcuts(spec))
    found = repeated_blocks(
        _steps(source), _final_values(source), lambda block: Definition(source, block).is_regular
    )
    return _Replacement(source).run(found)


def _steps(source: Source) -> list[Step]:
    """Return the statements as steps."""
    spec = source.spec
    ties = (key for tie in spec.ties for key in (tie.source, tie.target))
    uses = Counter(name for each in spec.statements for name in each.members.values())
    fixed = {key.rpartition(".")[0] for key in ties} | {name for name in uses if uses[name] > 1}
    fixed |= {each.name for each in spec.constructions if each.buffer}
    return [
        Step(
            None if fixed & {*each.members.values()} else _signature(source, each),
            tuple(reads),
            tuple(after[tensor.blob] for tensor in each.targets),
            _lines(source, each),
            each.targets[:1] == each.bottoms[:1] != (),
        )
        for each, (after, reads) in zip(spec.statements, source.values, strict=True)
    ]


def _lines(source: Source, each: Statement) -> float:
    """Return the lines of a statement and its members; short ones are written into others."""
    plain = replace(
        each,
        targets=tuple(replace(tensor, shape=None) for tensor in each.targets),
        bottoms=tuple(replace(tensor, shape=None) for tensor in each.bottoms),
    )
    lines = len(list(statement_lines(plain, ExpressionWriter(), BODY)))
    layers = {layer for name in each.members.values() for layer in source.layers.get(name, ())}
    params = source.spec.params
    rows = sum(not key_rule(layer, tuple(param.key for param in params[layer])) for layer in layers)
    made = ((name, source.made[name]) for name in each.members.values())
    constructed = sum(
        len(statement(f"self.{name} = ", ExpressionWriter().write(without_defaults(value)), BODY))
        for name, value in made
        if value != IDENTITY
    )
    return rows + constructed + (lines if each.members or lines > 1 else 0.5)


def _signature(source: Source, each: Statement) -> str | None:
    """Return what must be equal for statements of a block, None for one that is in no block."""
    if each.layer_class is None or not each.values or each.phase or each.stopped:
        return None
    members = [
        SHORTCUT if suffix == SHORTCUT else skeleton(source.made[name])
        for suffix, name in each.members.items()
    ]
    text = f"{list(map(skeleton, each.values))} {members} {list(each.members)}"
    return None if "'self." in text else text


def _final_values(source: Source) -> frozenset[Value]:
    """Return the values of the outputs."""
    after, _ = source.values[-1]
    outputs = (each.blob for found in source.spec.outputs.values() for each in found)
    return frozenset(after[blob] for blob in outputs if blob in after)


class _Replacement:
    """Replaces the statements and members of blocks."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.blocks: list[BlockSpec] = []
        self.instances: dict[str, Instance] = {}
        self.calls: dict[int, tuple[int, Statement]] = {}
        """The statement for a block and its length, by the first statement of the block."""
        self.constructions: dict[str, Construction] = {}
        """By the first member of a block."""
        self.keys: dict[str, str] = {}
        """New names of submodules."""
        self.members = {*source.made}
        self.variables: dict[str, str] = {}
        """New names of variables, by blob."""

    def run(self, found: list[Block]) -> ModuleSpec:
        """Return the description with these blocks."""
        spec = self.source.spec
        taken = {spec.name, *helpers(), *(each.name for each in spec.placeholders)}
        for block in found:
            definition = Definition(self.source, block)
            made = definition.spec(taken)
            taken.add(made.name)
            self.blocks.append(made)
            for index in range(len(block.starts)):
                self.add(definition, made, index)
        statements: list[Statement] = []
        place = 0
        while place < len(spec.statements):
            length, statement = self.calls.get(place, (1, spec.statements[place]))
            name = statement.members.get(SHORTCUT, "")
            if name and self.source.made[name] == IDENTITY:
                statement = without_identity(statement)
                self.keys[name] = ""
            statements.append(statement)
            place += length
        return replace(
            spec,
            statements=tuple(
                replace(
                    each, targets=self.renamed(each.targets), bottoms=self.renamed(each.bottoms)
                )
                for each in statements
            ),
            outputs={phase: self.renamed(each) for phase, each in spec.outputs.items()},
            constructions=tuple(
                self.constructions.get(each.name, each)
                for each in spec.constructions
                if each.name in self.constructions or each.name not in self.keys
            ),
            params={
                layer: tuple(replace(each, key=renamed(each.key, self.keys)) for each in params)
                for layer, params in spec.params.items()
            },
            blocks=tuple(self.blocks),
            instances=self.instances,
        )

    def renamed(self, tensors: tuple[Variable, ...]) -> tuple[Variable, ...]:
        """Return variables by their new names."""
        return tuple(
            replace(each, variable=self.variables.get(each.blob, each.variable)) for each in tensors
        )

    def add(self, definition: Definition, made: BlockSpec, index: int) -> None:
        """Replace one occurrence of a block."""
        window, named = definition.windows[index], definition.named
        start = definition.block.starts[index]
        targets = tuple(window[place].targets[which] for place, which in definition.block.exits)
        assert named is not None
        wanted = named.own[index] if named.starts else targets[0].variable
        places = {old: (place, s) for place, e in enumerate(window) for s, old in e.members.items()}
        self.members -= places.keys()
        name = Names({*MODULE_ATTRIBUTES, *OWN_ATTRIBUTES, *self.members}, "block").add(0, wanted)
        self.members.add(name)
        if len(targets) == 1 and targets[0].variable.startswith(name):
            spec = self.source.spec
            used = {tensor.variable for each in spec.statements for tensor in each.targets}
            used |= {tensor.variable for tensor in spec.inputs} | {*self.variables.values()}
            if name not in used | {*GLOBALS, *helpers()}:  # the output of the block has its name
                self.variables[targets[0].blob] = name
        self.keys |= {old: f"{name}.{definition.members[at]}" for old, at in places.items()}
        value = definition.call(made.name, index)
        self.constructions[next(iter(places))] = Construction(name, value, name, buffer=False)
        entering = tuple(definition.entering(index))
        statement = replace(
            window[-1],
            values=(call(MemberRef(), *map(Bottom, range(len(entering)))),),
            targets=targets,
            bottoms=entering,
            members={"": name},
        )
        self.calls[start] = (definition.block.length, statement)
        lacks = SHORTCUT if definition.projected and index not in definition.projected else ""
        self.instances[name] = Instance(made.name, named.own[index], lacks)
