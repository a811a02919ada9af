"""Blocks of one class that are applied alike and whose results are concatenated, as one member.

The heads of a detector become an `nn.ModuleList`, and their calls a loop over it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from caffetools.torch.emit.base import Bottom, Call, Name, call
from caffetools.torch.export.block_names import common_start
from caffetools.torch.export.module_spec import (
    BlockSpec,
    Construction,
    ModuleSpec,
    Statement,
    Variable,
)
from caffetools.torch.export.names import GLOBALS, MODULE_ATTRIBUTES, OWN_ATTRIBUTES, Names, snake
from caffetools.torch.export.nesting import Value, values_of
from caffetools.torch.export.shortcuts import renamed

_FEWEST = 3
"""Minimum number of blocks for a loop."""


class _Parallel(NamedTuple):
    """Blocks that are applied alike."""

    calls: list[int]
    """Their statements."""
    varying: int
    """Index of the input that differs."""
    joins: list[int]
    """Statements that concatenate their results, one for each result of a block."""


def with_parallel_blocks(spec: ModuleSpec) -> ModuleSpec:
    """Return the description with one member for all blocks of a class that are applied alike."""
    for block in spec.blocks:
        random = any("Dropout" in str(each.value.function) for each in block.constructions)
        calls = [
            place
            for place, each in enumerate(spec.statements)
            for made in spec.constructions
            if made.value.function == block.name and made.name == each.members.get("")
        ]
        found = None if random or len(calls) < _FEWEST else _parallel(spec, calls)
        if found is not None:
            spec = _with_loop(spec, found, block)
    return spec


def _parallel(spec: ModuleSpec, calls: list[int]) -> _Parallel | None:
    """Return these calls, unless something else reads what they give or their inputs change."""
    values = values_of(spec.statements)
    uses = Counter(value for _, reads in values for value in reads)
    last = values[-1][0]
    uses.update(last[t.blob] for found in spec.outputs.values() for t in found if t.blob in last)
    inputs = list(zip(*(values[place][1] for place in calls), strict=True))
    differing = [index for index, several in enumerate(inputs) if len(set(several)) > 1]
    current = values[calls[-1]][0]
    steady = all(current.get(v[1], (-1, v[1])) == v for several in inputs for v in several)
    if len(differing) != 1 or not steady:
        return None
    joins = []
    for index in range(len(spec.statements[calls[0]].targets)):
        results: list[Value] = [(p, spec.statements[p].targets[index].blob) for p in calls]
        joining = (place for place, (_, reads) in enumerate(values) if reads == results)
        place = next(joining, 0)
        whole = [Bottom(each) for each in range(len(calls))]
        each = spec.statements[place]
        fits = len(each.values) == 1 and isinstance(each.values[0], Call) and not each.members
        if place < calls[-1] or not fits or any(uses[value] != 1 for value in results):
            return None
        if each.values[0].arguments != (whole,) or each.phase or each.stopped:  # type: ignore[union-attr]
            return None
        joins.append(place)
    return _Parallel(calls, differing[0], joins)


def _with_loop(spec: ModuleSpec, found: _Parallel, block: BlockSpec) -> ModuleSpec:
    """Return the description with a loop in the place of the last call."""
    owns = [spec.statements[place].members[""] for place in found.calls]
    made = {each.name: each.value for each in spec.constructions}
    wanted = f"{snake(block.name, 'block')}s"
    name = Names({*MODULE_ATTRIBUTES, *OWN_ATTRIBUTES, *made}, "blocks").add(0, wanted)
    member = call("nn.ModuleList", [made[own] for own in owns])
    paths = {own: f"{name}.{index}" for index, own in enumerate(owns)}
    # What the names of all blocks end with belongs to the layers in them.
    blocks = [spec.instances[own].own for own in owns]
    tail = common_start([each[::-1] for each in blocks])[::-1]
    tail = tail if min(map(len, blocks)) > len(tail) else ""
    params = {layer.replace("{}", f"{{}}{tail}"): keys for layer, keys in block.params.items()}
    instances = {
        paths.get(each, each): replace(made, own=made.own.removesuffix(tail))
        if each in paths
        else made
        for each, made in spec.instances.items()
    }
    return replace(
        spec,
        statements=tuple(_statements(spec, found, name, block.outputs)),
        constructions=tuple(
            Construction(name, member, name, buffer=False) if each.name == owns[-1] else each
            for each in spec.constructions
            if each.name not in owns[:-1]
        ),
        params={
            layer: tuple(replace(each, key=renamed(each.key, paths)) for each in several)
            for layer, several in spec.params.items()
        },
        blocks=tuple(replace(b, params=params) if b is block else b for b in spec.blocks),
        instances=instances,
    )


def _statements(
    spec: ModuleSpec, found: _Parallel, name: str, outputs: tuple[Variable, ...]
) -> Iterator[Statement]:
    """Yield the statements with the loop over the member of this name."""
    last = spec.statements[found.calls[-1]]
    used = {t.variable for each in spec.statements for t in (*each.targets, *each.bottoms)}
    names = Names({*GLOBALS, *used}, "branch")
    block, x = names.add("block", "block"), names.add("x", "x")
    read = tuple(spec.statements[place].bottoms[found.varying] for place in found.calls)
    sources = Variable("inputs of blocks", names.add("", "inputs"), read[0].shape)
    others = tuple(b for index, b in enumerate(last.bottoms) if index != found.varying)
    passed = [x if index == found.varying else b.variable for index, b in enumerate(last.bottoms)]
    results = tuple(
        replace(each, blob=f"{name} {each.blob}", variable=names.add(each.blob, each.variable),
                shape=sources.shape)
        for each in outputs
    )  # fmt: skip
    loop = f"{block}({', '.join(passed)}) for {block}, {x} in zip(self.{name}, {sources.variable})"
    value = call("zip", Name(f"*({loop})")) if len(results) > 1 else Name(f"[{loop}]")
    for place, each in enumerate(spec.statements):
        if place == found.calls[-1]:
            several = tuple(map(Bottom, range(len(read))))
            yield replace(last, values=(several,), targets=(sources,), bottoms=read, members={})
            bottoms = (sources, *others)
            yield replace(
                last, values=(value,), targets=results, bottoms=bottoms, members={"": name}
            )
        elif place in found.joins:
            joined = each.values[0]
            assert isinstance(joined, Call)
            joined = replace(joined, arguments=(Bottom(0),))
            result = results[found.joins.index(place)]
            yield replace(each, values=(joined,), bottoms=(result,))
        elif place not in found.calls:
            yield each
