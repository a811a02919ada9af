"""Compare two nets, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator

from caffetools.layers.blobs import dims
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.proto.message import Message, Value
from caffetools.table import printable, shown

_NOT_COMPARED = frozenset({"name", "type", "bottom", "top", "include", "exclude", "phase", "blobs"})
"""Layer fields that are compared by their effect, or that have none."""


def differences(old: Net, new: Net) -> Iterator[str]:
    """Yield a line for each layer of one net only, and a paragraph for each that differs.

    Layers are matched by name. A field that one net sets to its default is no difference.
    """
    before = {layer.node.key: layer for layer in old.layers}
    after = {layer.node.key: layer for layer in new.layers}
    for key, layer in before.items():
        if key not in after:
            yield f"- {_title(layer)}"
        else:
            changes = list(_layer(old, layer, new, after[key]))
            if changes:
                yield f"~ {_title(layer)}"
                yield from (f"    {printable(change)}" for change in changes)
    yield from (f"+ {_title(layer)}" for key, layer in after.items() if key not in before)
    shared = [key for key in before if key in after]
    if shared != [key for key in after if key in before]:
        yield "the common layers are in a different order"
    yield from _totals(old, new)


def _title(layer: InferredLayer) -> str:
    return f"{printable(layer.node.key)} ({printable(layer.node.type)})"


def _layer(old: Net, before: InferredLayer, new: Net, after: InferredLayer) -> Iterator[str]:
    if before.node.type != after.node.type:
        yield f"type: {before.node.type} -> {after.node.type}"
    for what in ("bottoms", "tops"):
        names = [
            [net.blob(blob) for blob in getattr(layer.node, what)]
            for net, layer in ((old, before), (new, after))
        ]
        if names[0] != names[1]:
            yield f"{what}: {', '.join(names[0])} -> {', '.join(names[1])}"
    yield from _fields("", before.node.message, after.node.message)
    for index, (shape, other) in enumerate(zip(before.tops, after.tops, strict=False)):
        if shape != other:
            yield f"shape of {old.blob(before.node.tops[index])}: {dims(shape)} -> {dims(other)}"
    blobs = [{blob.role: blob for blob in layer.params} for layer in (before, after)]
    for role in dict.fromkeys((*blobs[0], *blobs[1])):
        shapes = [dims(side[role].shape) if role in side else "none" for side in blobs]
        if shapes[0] != shapes[1]:
            yield f"{role}: {shapes[0]} -> {shapes[1]}"
        owners = [side[role].owner if role in side else None for side in blobs]
        if owners[0] != owners[1]:
            yield f"owner of {role}: {owners[0] or 'itself'} -> {owners[1] or 'itself'}"
    if before.macs != after.macs:
        yield f"multiply-accumulates: {shown(before.macs)} -> {shown(after.macs)}"


def _fields(path: str, before: Message, after: Message) -> Iterator[str]:
    """Yield the fields that differ, each by its path in the prototxt."""
    for name in dict.fromkeys((*before.fields, *after.fields)):
        if not path and name in _NOT_COMPARED:
            continue
        pairs = [side.all(name) or _default(side, name) for side in (before, after)]
        if {isinstance(value, Message) for side in pairs for value in side} == {True}:
            yield from _messages(f"{path}{name}", before, after, name)
        elif pairs[0] != pairs[1]:
            texts = [", ".join(map(_text, side)) or "not given" for side in pairs]
            yield f"{path}{name}: {texts[0]} -> {texts[1]}"


def _messages(path: str, before: Message, after: Message, name: str) -> Iterator[str]:
    count = max(before.count(name), after.count(name))
    for index in range(count):
        sides = [
            side.messages(name)[index] if index < side.count(name) else side.empty(name)
            for side in (before, after)
        ]
        suffix = f"[{index}]" if count > 1 else ""
        yield from _fields(f"{path}{suffix}.", sides[0], sides[1])


def _text(value: Value) -> str:
    """Format a value; an unknown field may be a message in one net and a scalar in the other."""
    return "{ }" if isinstance(value, Message) else str(value)


def _default(message: Message, name: str) -> list[Value]:
    value = message.get(name)
    return [] if value is None else [value]


def _totals(old: Net, new: Net) -> Iterator[str]:
    for what, before, after in (
        ("parameters", old.cost.params, new.cost.params),
        ("multiply-accumulates", old.cost.macs, new.cost.macs),
        ("bytes of memory for data", old.cost.memory_bytes, new.cost.memory_bytes),
    ):
        if before != after:
            yield f"{what}: {shown(before)} -> {shown(after)}{_change(before, after)}"


def _change(before: int | None, after: int | None) -> str:
    if not before or after is None:
        return ""
    return f" ({100 * (after - before) / before:+.1f} %)"
