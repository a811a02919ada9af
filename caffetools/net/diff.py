"""Compare two nets, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from caffetools.layers.blobs import Shape, dims
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.net.pairing import pairs
from caffetools.proto.message import Message, Value
from caffetools.table import printable, shown

_NOT_COMPARED = frozenset({"name", "type", "bottom", "top", "include", "exclude", "phase", "blobs"})
"""Layer fields that are compared by their effect, or that have none."""


class Scope(NamedTuple):
    """What counts as a difference."""

    every: bool
    """Whether batch sizes and fillers are compared."""
    batches: tuple[int, int]
    """The batch size of either net; equal ones if they are compared."""
    layers: dict[str, str]
    """Names of layers in the second net by those in the first."""
    blobs: dict[str, str]
    """Names of the tops of renamed layers, likewise."""

    def same_count(self, old: int | None, new: int | None) -> bool:
        """Whether numbers agree, but for the batch size."""
        if old is None or new is None:
            return old == new
        return old * self.batches[1] == new * self.batches[0] or old == new

    def same_shape(self, old: Shape | None, new: Shape | None) -> bool:
        """Whether shapes agree, but for the batch size."""
        if not old or not new:
            return old == new
        return old[1:] == new[1:] and self.same_count(old[0], new[0])

    def skips(self, name: str, old: list[Value], new: list[Value]) -> bool:
        """Whether the values of a field are a batch size or a filler, and so not compared."""
        if self.every:
            return False
        if name == "dim" and len(old) == len(new):
            return old[1:] == new[1:] and (old[:1], new[:1]) == tuple([n] for n in self.batches)
        return name in {"batch_size", "filler"} or name.endswith("_filler")


def differences(old: Net, new: Net, every: bool = False) -> Iterator[str]:
    """Yield a line for each layer of one net only, and a paragraph for each that differs.

    Layers are matched by name, and those without a namesake by their place. A field that one net
    sets to its default is no difference, nor are batch sizes and fillers unless `every` is set.
    """
    after = pairs(old, new)
    batches = (1, 1) if every else (_batch(old), _batch(new))
    scope = Scope(every, batches, {key: other.node.key for key, other in after.items()}, {})
    for layer in old.layers:
        other = after.get(layer.node.key)
        if other is None:
            yield f"- {_title(layer)}"
            continue
        is_renamed = other.node.key != layer.node.key
        changes = list(_layer(old, layer, new, other, scope))
        if is_renamed:
            tops = zip(layer.node.tops, other.node.tops, strict=False)
            scope.blobs.update({old.blob(top): new.blob(counterpart) for top, counterpart in tops})
        if changes or is_renamed:
            name = f" -> {printable(other.node.key)}" if is_renamed else ""
            yield f"~ {_title(layer)}{name}"
            yield from (f"    {printable(change)}" for change in changes)
    found = {layer.node.key for layer in after.values()}
    yield from (f"+ {_title(layer)}" for layer in new.layers if layer.node.key not in found)
    order = [after[layer.node.key].node.key for layer in old.layers if layer.node.key in after]
    if order != [layer.node.key for layer in new.layers if layer.node.key in found]:
        yield "the common layers are in a different order"
    yield from _totals(old, new, scope)


def _batch(net: Net) -> int:
    """Return the first size of the first input, 1 if it is unknown."""
    shapes = (layer.tops[0] for layer in net.layers if not layer.node.bottoms and layer.tops)
    shape = next(shapes, None)
    return shape[0] if shape else 1


def _title(layer: InferredLayer) -> str:
    return f"{printable(layer.node.key)} ({printable(layer.node.type)})"


def _layer(
    old: Net,
    before: InferredLayer,
    new: Net,
    after: InferredLayer,
    scope: Scope,
) -> Iterator[str]:
    is_renamed = before.node.key != after.node.key
    if before.node.type != after.node.type:
        yield f"type: {before.node.type} -> {after.node.type}"
    for what in ("bottoms", "tops"):
        names = [
            [net.blob(blob) for blob in getattr(layer.node, what)]
            for net, layer in ((old, before), (new, after))
        ]
        mapped = [scope.blobs.get(name, name) for name in names[0]]
        if mapped != names[1] and not (what == "tops" and is_renamed):
            yield f"{what}: {', '.join(names[0])} -> {', '.join(names[1])}"
    yield from _fields("", before.node.message, after.node.message, scope)
    for index, (shape, other) in enumerate(zip(before.tops, after.tops, strict=False)):
        if not scope.same_shape(shape, other):
            yield f"shape of {old.blob(before.node.tops[index])}: {dims(shape)} -> {dims(other)}"
    blobs = [{blob.role: blob for blob in layer.params} for layer in (before, after)]
    for role in dict.fromkeys((*blobs[0], *blobs[1])):
        shapes = [dims(side[role].shape) if role in side else "none" for side in blobs]
        if shapes[0] != shapes[1]:
            yield f"{role}: {shapes[0]} -> {shapes[1]}"
        owners = [side[role].owner if role in side else None for side in blobs]
        if (owners[0] and scope.layers.get(owners[0])) != owners[1]:
            yield f"owner of {role}: {owners[0] or 'itself'} -> {owners[1] or 'itself'}"
    if not scope.same_count(before.macs, after.macs):
        yield f"multiply-accumulates: {shown(before.macs)} -> {shown(after.macs)}"


def _fields(path: str, before: Message, after: Message, scope: Scope) -> Iterator[str]:
    """Yield the fields that differ, each by its path in the prototxt."""
    for name in dict.fromkeys((*before.fields, *after.fields)):
        if not path and name in _NOT_COMPARED:
            continue
        sides = [side.all(name) or _default(side, name) for side in (before, after)]
        if scope.skips(name, *sides):
            continue
        if {isinstance(value, Message) for side in sides for value in side} == {True}:
            yield from _messages(f"{path}{name}", before, after, name, scope)
        elif sides[0] != sides[1]:
            texts = [", ".join(map(_text, side)) or "not given" for side in sides]
            yield f"{path}{name}: {texts[0]} -> {texts[1]}"


def _messages(path: str, before: Message, after: Message, name: str, scope: Scope) -> Iterator[str]:
    count = max(before.count(name), after.count(name))
    for index in range(count):
        sides = [
            side.messages(name)[index] if index < side.count(name) else side.empty(name)
            for side in (before, after)
        ]
        suffix = f"[{index}]" if count > 1 else ""
        yield from _fields(f"{path}{suffix}.", sides[0], sides[1], scope)


def _text(value: Value) -> str:
    """Format a value; an unknown field may be a message in one net and a scalar in the other."""
    return "{ }" if isinstance(value, Message) else str(value)


def _default(message: Message, name: str) -> list[Value]:
    value = message.get(name)
    return [] if value is None else [value]


def _totals(old: Net, new: Net, scope: Scope) -> Iterator[str]:
    for what, before, after in (
        ("parameters", old.cost.params, new.cost.params),
        ("multiply-accumulates", old.cost.macs, new.cost.macs),
        ("bytes of memory for data", old.cost.memory_bytes, new.cost.memory_bytes),
    ):
        if before != after and (what == "parameters" or not scope.same_count(before, after)):
            yield f"{what}: {shown(before)} -> {shown(after)}{_change(before, after)}"


def _change(before: int | None, after: int | None) -> str:
    if not before or after is None:
        return ""
    return f" ({100 * (after - before) / before:+.1f} %)"
