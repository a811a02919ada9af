"""A net whose blobs are all read by the next layer, as an `nn.Sequential`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from caffetools.torch.emit.base import Call, MemberRef, X, call, method
from caffetools.torch.export.module_spec import Construction, ModuleSpec, Statement
from caffetools.torch.export.names import MODULE_ATTRIBUTES, OWN_ATTRIBUTES, Names
from caffetools.torch.export.nesting import values_of

_MODULES = {
    "F.relu": "nn.ReLU",
    "F.leaky_relu": "nn.LeakyReLU",
    "F.elu": "nn.ELU",
    "F.softmax": "nn.Softmax",
    "torch.sigmoid": "nn.Sigmoid",
    "torch.tanh": "nn.Tanh",
}
"""Modules that compute what functions do, with the same keywords."""
_METHODS = frozenset({"append", "extend", "insert", "pop"})
"""Of an nn.Sequential, besides those of every nn.Module."""
_FLATTEN = call("nn.Flatten")


def as_sequential(spec: ModuleSpec) -> ModuleSpec:
    """Return the description of an `nn.Sequential`, or `spec` if the net is not one chain."""
    outputs = {*spec.outputs.values()}
    if len(spec.inputs) != 1 or len(outputs) != 1 or not spec.statements or spec.ties:
        return spec
    if outputs != {spec.statements[-1].targets} or spec.loss_weights or spec.placeholders:
        return spec
    names = Names(MODULE_ATTRIBUTES | OWN_ATTRIBUTES | _METHODS, "layer")
    for each in spec.constructions:
        names.add(each.name, each.name)
    found: list[Construction] = []
    previous = (-1, spec.inputs[0].blob)
    for statement, (after, reads) in zip(spec.statements, values_of(spec.statements), strict=True):
        items = _items(statement, spec, names)
        if reads != [previous] or not items or statement.phase or statement.stopped:
            return spec
        found += items
        previous = after[statement.targets[0].blob]
    taken = Counter(each.name for each in found)
    whole = {each.name for each in spec.constructions} <= taken.keys()
    if not whole or max(taken.values()) > 1 or _METHODS & taken.keys():
        return spec
    return replace(spec, constructions=tuple(found), is_sequential=True)


def _items(statement: Statement, spec: ModuleSpec, names: Names) -> list[Construction]:
    """Return the modules that compute a statement, none if there are no such modules."""
    if len(statement.values) != 1 or len(statement.targets) != 1 or {*statement.members} > {""}:
        return []
    (value,), (target,) = statement.values, statement.targets
    member = next((e for e in spec.constructions if e.name == statement.members.get("")), None)
    if value == method(X, "relu_"):
        value = call("F.relu", X, inplace=True)
    name, *inputs = (value.function, *value.arguments) if isinstance(value, Call) else (None,)
    keywords = value.keywords if isinstance(value, Call) else ()
    if member is not None and name == MemberRef() and not member.buffer and not keywords:
        last = replace(member, layer=member.name, shape=target.shape)
    elif isinstance(name, str) and name in _MODULES and not member:
        made = Call(_MODULES[name], (), keywords)
        own = names.add((statement.layer, "own"), statement.layer)
        last = Construction(own, made, own, buffer=False, shape=target.shape)
    else:
        last, inputs = None, [value]
    if inputs == [X] and last is not None:
        return [last]
    if inputs != [method(X, "flatten", 1)] or (last is None and member is not None):
        return []
    own = names.add((statement.layer, "flat"), "flatten" if last else statement.layer)
    return [Construction(own, _FLATTEN, own, buffer=False), *([last] if last else [])]
