"""The method that initialises the parameters, as text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from caffetools.torch.emit.base import Call, Expression, Fill
from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.module_spec import Construction, ModuleSpec, ParameterSpec, split_key
from caffetools.torch.export.params_table import BODY
from caffetools.torch.export.pretty import INDENT, Group, Piece, flat, laid_out

_LOOPED = 4
"""Minimum number of parameters with one filler for a loop over all modules of their types."""
_Kind = tuple[str, str]
"""A module's type and an attribute."""


def fills(spec: ModuleSpec, writer: ExpressionWriter) -> Iterator[str]:
    """Yield the method, nothing if all constructors initialise as Caffe's fillers do."""
    owned = {
        each.key: replace(each, fill=_of_pytorch(each))
        for params in spec.params.values()
        for each in params
        if not each.shared
    }
    if not any(each.fill for each in owned.values()):
        return
    yield f"{INDENT}def reset_parameters(self) -> None:"
    yield f'{BODY}"""Fill the parameters as Caffe\'s fillers do."""'
    kinds = _kinds(spec, owned)
    loops = _loops(kinds, owned)
    yield from _loop(loops, kinds, writer)
    left = {
        key: each.fill
        for key, each in owned.items()
        if each.fill and loops.get(kinds.get(key, ("", ""))) != each.fill
    }
    inside = _in_blocks(spec, left)
    yield from _loop(inside, {}, writer)
    groups: dict[str, tuple[list[str], Piece]] = {}
    for key, fill in left.items():
        name, rest = split_key(key, spec.instances)
        if name and (spec.instances[name].block, rest) in inside:
            continue
        text = flat(writer.fill(fill, "parameter"))
        path = re.sub(r"\.(\d+)", r"[\1]", f"self.{key}")
        groups.setdefault(text, ([], writer.fill(fill, path)))[0].append(path)
    for text, (parameters, lone) in groups.items():
        if len(parameters) == 1:
            yield from laid_out("", lone, BODY)
        else:
            yield from laid_out("for parameter in ", Group("(", parameters, "):"), BODY)
            yield f"{BODY}{INDENT}{text}"


def _of_pytorch(param: ParameterSpec) -> Fill | None:
    """Return the fill of a parameter by a function of PyTorch that draws what Caffe does."""
    fill = param.fill
    if fill is None or len(param.stored) < 2:
        return fill
    norm = dict(fill.keywords).get("variance_norm", "FAN_IN")
    mode = () if norm == "FAN_IN" else (("mode", "fan_out"),)
    if fill.function == "xavier_" and norm == "AVERAGE":
        return Fill("nn.init.xavier_uniform_")
    if fill.function == "xavier_":
        return Fill("nn.init.kaiming_uniform_", (*mode, ("nonlinearity", "linear")))
    if fill.function == "msra_" and norm != "AVERAGE":
        return Fill("nn.init.kaiming_normal_", (*mode, ("nonlinearity", "relu")))
    return fill


def _in_blocks(spec: ModuleSpec, left: dict[str, Fill]) -> dict[_Kind, Fill]:
    """Return the fillers of parameters that all blocks of a class have, with one filler."""
    found: dict[_Kind, list[Fill]] = {}
    for key, fill in left.items():
        name, rest = split_key(key, spec.instances)
        if name:
            found.setdefault((spec.instances[name].block, rest), []).append(fill)
    counts = Counter(each.block for each in spec.instances.values())
    return {
        kind: several[0]
        for kind, several in found.items()
        if several == [several[0]] * counts[kind[0]] and len(several) > 1
    }


def _kinds(spec: ModuleSpec, owned: dict[str, ParameterSpec]) -> dict[str, _Kind]:
    """Return the type and attribute of each parameter of a submodule of PyTorch's."""
    made = {each.name: each for each in spec.constructions}
    blocks = {block.name: block.constructions for block in spec.blocks}
    found = {}
    for key in owned:
        first, *inner, attribute = key.split(".")
        construction: Construction | None = made.get(first)
        while inner and construction is not None:
            inside = blocks.get(str(construction.value.function), ())
            name = inner.pop(0)
            if construction.value.function in ("nn.ModuleList", "nn.Sequential"):
                items: Sequence[Expression] = construction.value.arguments
                items = items[0] if isinstance(items[0], list) else items
                value = items[int(name)]
                assert isinstance(value, Call)
                construction = replace(construction, value=value)
                continue
            construction = next((each for each in inside if each.name == name), None)
        if construction is not None and str(construction.value.function).startswith("nn."):
            found[key] = (str(construction.value.function), attribute)
    return found


def _loops(kinds: dict[str, _Kind], owned: dict[str, ParameterSpec]) -> dict[_Kind, Fill]:
    """Return the filler of most parameters of a kind, if a loop over the modules is shorter."""
    fillers: dict[_Kind, list[Fill | None]] = {}
    for key, kind in kinds.items():
        fillers.setdefault(kind, []).append(owned[key].fill)
    most: dict[str, dict[str, Fill]] = {}
    for (name, attribute), found in fillers.items():
        fill = max(found, key=found.count)
        if fill is not None and None not in found:
            most.setdefault(name, {})[attribute] = fill
    counts = [
        (each, sum(fillers[kind, name].count(fill) for name, fill in each.items()))
        for kind, each in most.items()
    ]
    return {
        (kind, attribute): fill
        for kind, each in most.items()
        if sum(count for other, count in counts if other == each) >= _LOOPED
        for attribute, fill in each.items()
    }


def _loop(
    loops: dict[_Kind, Fill],
    kinds: dict[str, _Kind],
    writer: ExpressionWriter,
) -> Iterator[str]:
    """Yield the loop over all modules, which has a condition for each set of equal fillers."""
    types: dict[tuple[tuple[str, Fill], ...], list[str]] = {}
    for kind in dict.fromkeys(kind for kind, _ in loops):
        types.setdefault(tuple((a, f) for (k, a), f in loops.items() if k == kind), []).append(kind)
    if types:
        yield f"{BODY}for module in self.modules():"
    for fillers, names in types.items():
        yield f"{BODY}{INDENT}if isinstance(module, {' | '.join(names)}):"
        counts = {
            a: sum(kinds[key] in {(n, a) for n in names} for key in kinds) for a, _ in fillers
        }
        for attribute, fill in fillers:
            text = flat(writer.fill(fill, f"module.{attribute}"))
            indent = BODY + INDENT * 2
            if kinds and counts[attribute] < max(counts.values()):
                yield f"{indent}if module.{attribute} is not None:"
                indent += INDENT
            yield f"{indent}{text}"
