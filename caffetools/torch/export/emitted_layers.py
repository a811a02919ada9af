"""The layers of a net, of one phase or both, each with its PyTorch expressions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from caffetools.errors import CaffeToolsError
from caffetools.net.backward import stopped_bottoms
from caffetools.net.graph import AUTOMATIC
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.net.overwritten import overwritten_blobs
from caffetools.net.unknown import unknown_shape
from caffetools.torch.emit import emitter_of
from caffetools.torch.emit.base import Context, Emission


@dataclass(frozen=True, slots=True)
class EmittedLayer:
    """A layer of a module."""

    layer: InferredLayer
    bottoms: tuple[str, ...]
    """Keys of blobs, as `blob_keys` gives them."""
    tops: tuple[str, ...]
    emission: Emission | None
    """None for an input, and for a layer of unknown type."""
    stopped: tuple[int, ...] = ()
    """Indices of the bottoms whose gradient `propagate_down: false` stops."""
    phase: str | None = None
    """The only phase that has the layer, None for all phases."""
    overwritten: tuple[str, ...] = ()
    """Keys of further blobs that it overwrites: they share the memory of its top, in place."""


def emit_layers(net: Net) -> list[EmittedLayer]:
    """Return the layers of a net, in order.

    Raises CaffeToolsError, located, for a layer that cannot be emitted for want of a shape.
    """
    keys = blob_keys(net)
    learns = [any(blob.needs_backward for blob in each.params) for each in net.inferred.layers]
    stopped = stopped_bottoms(net.inferred.graph, learns, net.inferred.needs_backward)
    return [
        EmittedLayer(
            layer,
            tuple(keys[blob] for blob in layer.node.bottoms),
            tuple(keys[blob] for blob in layer.node.tops),
            emission := emission_of(net, layer),
            () if emission and emission.stops_gradients else indices,
            overwritten=tuple(dict.fromkeys(keys[blob] for blob in blobs)),
        )
        for layer, indices, blobs in zip(
            net.inferred.layers, stopped, overwritten_blobs(net.inferred), strict=True
        )
        if not layer.node.inserted
    ]


def is_input(layer: InferredLayer) -> bool:
    """Whether the caller of the module passes the layer's tops."""
    return not layer.node.bottoms and _emitter(layer) is None


def _emitter(layer: InferredLayer) -> Callable[[Any, Context], Emission] | None:
    return None if layer.layer is None else emitter_of(type(layer.layer))


def blob_keys(net: Net) -> tuple[str, ...]:
    """Return the key of each blob of the graph: its name in the prototxt.

    Caffe names each top that it adds "(automatic)"; the key of the second is "(automatic)#2".
    """
    keys, automatic = [], 0
    for blob in net.inferred.graph.blobs:
        automatic += blob.name == AUTOMATIC
        several = blob.name == AUTOMATIC and automatic > 1
        keys.append(f"{AUTOMATIC}#{automatic}" if several else blob.origin)
    return tuple(keys)


def loss_weights(net: Net) -> dict[str, float]:
    """Return the loss weights of blobs, by key.

    If a layer reads the blob, Caffe moves the weight to the Split that it inserts: the 1 of a loss
    layer then has no effect on gradients (insert_splits.cpp, split_layer.cpp).
    """
    keys = blob_keys(net)
    return {
        keys[blob]: weight
        for layer in net.inferred.layers
        for blob, weight in zip(layer.node.tops, layer.loss_weights, strict=True)
        if weight
    }


def output_keys(net: Net) -> tuple[str, ...]:
    """Return the keys of the outputs of the net's module.

    Losses with automatic names, and those that other layers read, are outputs here, but not of
    Caffe's net.
    """
    keys = blob_keys(net)
    made = (keys[blob] for layer in net.inferred.layers for blob in layer.node.tops)
    unnamed = (key for key in made if key.startswith(AUTOMATIC))
    found = [*(keys[blob] for blob in net.inferred.graph.outputs), *unnamed, *loss_weights(net)]
    return tuple(dict.fromkeys(found))


def emission_of(net: Net, layer: InferredLayer) -> Emission | None:
    """Return the expressions of a layer, None for an input and for a type without an emitter.

    Raises CaffeToolsError, located, for an unknown shape of a bottom.
    """
    emitter, node = _emitter(layer), layer.node
    if emitter is None:
        return None
    for blob, shape in zip(node.bottoms, layer.bottoms, strict=True):
        if shape is None:
            hint = unknown_shape(net.inferred, blob)
            text = f"the shape of the bottom {net.blob(blob)!a} is unknown: {hint}"
            raise node.message.error(text, "bottom", kind=CaffeToolsError)
    message = node.message
    context = Context(
        message,
        layer.known_bottoms or (),
        layer.tops,
        layer.params,
        message.text("phase") if message.has("phase") else None,
        os.path.dirname(message.source.name) or ".",
    )
    return emitter(layer.layer, context)


def merge_phases(first: Net, second: Net) -> list[EmittedLayer] | None:
    """Return the layers of one module for two phases of a net, None if they need two modules.

    The phases may differ in their data, and in layers without parameters that no layer of both
    phases reads: losses, accuracies, a softmax instead of a loss.
    """
    try:
        sides = emit_layers(first), emit_layers(second)
    except CaffeToolsError:
        return None
    inputs, others = ([line for line in side if is_input(line.layer)] for side in sides)
    if {top for line in inputs for top in line.tops} != {
        top for line in others for top in line.tops
    }:
        return None
    pairs = list(_paired(*([line for line in side if not is_input(line.layer)] for side in sides)))
    alone = {top for pair in pairs if None in pair for line in pair if line for top in line.tops}
    result = inputs
    for a, b in pairs:
        if a is not None and b is not None:
            same = (a.emission, a.stopped, a.overwritten) == (b.emission, b.stopped, b.overwritten)
            if not same or alone & {*a.bottoms, *a.tops}:
                return None
            result.append(a)
            continue
        line, phase = (a, first.state.phase) if a is not None else (b, second.state.phase)
        if line is None or line.layer.params or line.emission is None:
            return None
        result.append(replace(line, phase=phase))
    return result


def _paired(
    first: list[EmittedLayer], second: list[EmittedLayer]
) -> Iterator[tuple[EmittedLayer | None, EmittedLayer | None]]:
    """Yield the layers of two phases in one order, paired where both phases have them."""
    identities, others_identities = ([_identity(line) for line in side] for side in (first, second))
    matcher = SequenceMatcher(None, identities, others_identities, autojunk=False)
    for tag, start, stop, other_start, other_stop in matcher.get_opcodes():
        found, others = first[start:stop], second[other_start:other_stop]
        if tag == "equal":
            yield from zip(found, others, strict=True)
        else:
            yield from ((line, None) for line in found)
            yield from ((None, line) for line in others)


def _identity(line: EmittedLayer) -> tuple[object, ...]:
    message = line.layer.node.message
    return (message.source.name, message.offset, line.layer.node.name)
