"""The layers of a net with what they are in PyTorch, of one phase or of both."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

from caffetools.errors import CaffeToolsError
from caffetools.net.graph import AUTOMATIC
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.torch.emit import emitter_of
from caffetools.torch.emit.base import Context, Emission


@dataclass(frozen=True, slots=True)
class Line:
    """A layer in its place in a module."""

    layer: InferredLayer
    bottoms: tuple[str, ...]
    """By the names that blobs have as keys."""
    tops: tuple[str, ...]
    emission: Emission | None
    """None for an input, and for a layer of a type that is not known."""
    phase: str | None = None
    """The only phase in which the layer is there."""

    @property
    def is_input(self) -> bool:
        """Are the tops handed to the module by its caller?"""
        return self.emission is None and not self.layer.node.bottoms


def lines(net: Net) -> list[Line]:
    """The layers of a net, in order.

    Raises CaffeToolsError, placed, for a layer that PyTorch cannot have for want of a shape.
    """
    keys = blob_keys(net)
    return [
        Line(
            layer,
            tuple(keys[blob] for blob in layer.node.bottoms),
            tuple(keys[blob] for blob in layer.node.tops),
            _emission(net, layer),
        )
        for layer in net.layers
    ]


def blob_keys(net: Net) -> tuple[str, ...]:
    """What each blob of the graph is called as a key: its prototxt's name.

    Caffe calls each top that it adds by itself "(automatic)"; the second is "(automatic)#2".
    """
    keys, automatic = [], 0
    for blob in net.inferred.graph.blobs:
        automatic += blob.name == AUTOMATIC
        several = blob.name == AUTOMATIC and automatic > 1
        keys.append(f"{AUTOMATIC}#{automatic}" if several else blob.origin)
    return tuple(keys)


def loss_weights(net: Net) -> dict[str, float]:
    """By blob key, the weight with which it enters the loss.

    A blob that has one and is read, too, has it at the Split that Caffe inserts: the 1 of a loss
    layer is then without effect on gradients (insert_splits.cpp, split_layer.cpp).
    """
    keys = blob_keys(net)
    return {
        keys[blob]: weight
        for layer in net.inferred.layers
        for blob, weight in zip(layer.node.tops, layer.loss_weights, strict=True)
        if weight
    }


def _emission(net: Net, layer: InferredLayer) -> Emission | None:
    emitter = emitter_of(type(layer.layer)) if layer.layer is not None else None
    if emitter is None:
        return None
    node = layer.node
    for blob, shape in zip(node.bottoms, layer.bottoms, strict=True):
        if shape is None:
            raise node.message.error(
                f"this layer needs the shape of its bottom {net.blob(blob)!a}, which is not known",
                "bottom",
                kind=CaffeToolsError,
            )
    message = node.message
    context = Context(
        message,
        tuple(shape for shape in layer.bottoms if shape is not None),
        layer.tops,
        layer.params,
        message.text("phase") if message.has("phase") else None,
        os.path.dirname(message.source.name) or ".",
    )
    return emitter(layer.layer, context)


def merged(first: Net, second: Net) -> list[Line] | None:
    """The lines of one module for two phases of a net, None where no single one serves both.

    They may differ in their data and in layers without parameters that no layer of both phases
    reads: losses, accuracies, a softmax instead of a loss.
    """
    try:
        pairs = list(_paired(lines(first), lines(second)))
    except (CaffeToolsError, _ApartError):
        return None
    inputs = [line for line, _ in pairs if line is not None and line.is_input]
    others = [line for _, line in pairs if line is not None and line.is_input]
    if {top for line in inputs for top in line.tops} != {
        top for line in others for top in line.tops
    }:
        return None
    rest = [pair for pair in pairs if not any(line and line.is_input for line in pair)]
    alone = {top for pair in rest if None in pair for line in pair if line for top in line.tops}
    result = []
    for pair in rest:
        a, b = pair
        if a is not None and b is not None:
            if a.emission != b.emission or alone & {*a.bottoms, *a.tops}:
                return None
            result.append(a)
            continue
        line, phase = (a, first.state.phase) if a is not None else (b, second.state.phase)
        if line is None or line.layer.params or line.emission is None:
            return None
        result.append(replace(line, phase=phase))
    return inputs + result


class _ApartError(Exception):
    """The layers that two phases share stand in different orders."""


def _identity(line: Line) -> tuple[object, ...]:
    message = line.layer.node.message
    return (message.source.name, message.offset, line.layer.node.name)


def _paired(first: list[Line], second: list[Line]) -> Iterator[tuple[Line | None, Line | None]]:
    """The layers of two phases in one order, those of both together."""
    known = {_identity(line) for line in first} & {_identity(line) for line in second}
    rest = iter(second)
    for line in first:
        if _identity(line) not in known:
            yield line, None
            continue
        for other in rest:
            if _identity(other) in known:
                if _identity(other) != _identity(line):
                    raise _ApartError
                yield line, other
                break
            yield None, other
    for other in rest:
        yield None, other
