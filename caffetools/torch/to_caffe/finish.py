"""A draft -> the layers of the net: unused ones removed, names given, some in place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from caffetools.proto.printer import prototxt
from caffetools.torch.to_caffe.draft import Array, Draft, DraftLayer, Top, built

_IN_PLACE = {"BatchNorm", "Scale", "ReLU", "PReLU", "ELU", "Sigmoid", "TanH"}
"""Types that authors of nets let overwrite their bottom."""
_SHARING = {"Input", "Reshape", "Flatten"}
"""Types whose tops must not be overwritten: Caffe shares their memory with the bottom."""


@dataclass(frozen=True)
class FinishedNet:
    """A net, ready to be written."""

    text: str
    layers: tuple[DraftLayer, ...]
    finals: Mapping[str, str]
    """The draft's blob whose values each blob has in the end."""


def finished(d: Draft, name: str, outputs: Mapping[str, Top], *, fold: bool) -> FinishedNet:
    """Finish the net with these outputs, by the names that are wished for them."""
    layers = _used(d.layers, {top.name for top in outputs.values()})
    kept = {top.name for top in outputs.values()}
    if fold:
        layers = _folded(layers, kept)
    layers += _silenced(layers, kept)
    _name_layers(layers)
    finals = _name_blobs(layers, kept)
    messages = [layer.message() for layer in layers]
    text = prototxt(built("NetParameter", {"name": name, "layer": messages}))
    return FinishedNet(text, tuple(layers), finals)


def _used(layers: Sequence[DraftLayer], needed: set[str]) -> list[DraftLayer]:
    """Return copies of the layers on which the needed blobs depend, and of all inputs."""
    needed = set(needed)
    found = []
    for layer in reversed(layers):
        if layer.type == "Input" or not needed.isdisjoint(layer.tops):
            needed.update(layer.bottoms)
            found.append(replace(layer))
    return found[::-1]


def _readers(layers: Sequence[DraftLayer]) -> Counter[str]:
    return Counter(bottom for layer in layers for bottom in layer.bottoms)


def _folded(layers: list[DraftLayer], outputs: set[str]) -> list[DraftLayer]:
    """Multiply BatchNorm and Scale into the layer before, if nothing else reads its result."""
    readers, makers = _readers(layers), {layer.tops[0]: layer for layer in layers}
    found = []
    for layer in layers:
        before = makers.get(layer.bottoms[0]) if len(layer.bottoms) == 1 else None
        factors = _factors(layer)
        if (
            factors is None
            or before is None
            or before.type not in {"Convolution", "Deconvolution", "InnerProduct"}
            or before.options.get("axis")
            or readers[before.tops[0]] > 1
            or before.tops[0] in outputs
        ):
            found.append(layer)
            continue
        _multiply(before, *factors)
        before.tops = layer.tops
        makers[before.tops[0]] = before
    return found


def _factors(layer: DraftLayer) -> tuple[Array, Array] | None:
    """Return the factor and the summand of each channel; None for other layers."""
    blobs = [blob.astype(np.float64) for blob in layer.blobs]
    if layer.type == "BatchNorm":
        factor = 1 / np.sqrt(blobs[1] + layer.options.get("eps", 1e-5))
        return factor, -blobs[0] * factor
    if layer.type == "Scale" and blobs and blobs[0].ndim == 1 and not layer.options.get("axis"):
        return blobs[0], blobs[1] if len(blobs) > 1 else np.zeros_like(blobs[0])
    return None


def _multiply(layer: DraftLayer, factor: Array, summand: Array) -> None:
    weight = layer.blobs[0]
    bias = layer.blobs[1] if len(layer.blobs) > 1 else 0
    if layer.type == "Deconvolution":
        groups = layer.options.get("group", 1)
        split = weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:])
        shape = (groups, 1, weight.shape[1], *[1] * (weight.ndim - 2))
        product = (split * factor.reshape(shape)).reshape(weight.shape)
    else:
        product = weight * factor.reshape(-1, *[1] * (weight.ndim - 1))
    layer.blobs = [np.float32(product), np.float32(bias * factor + summand)]
    layer.options = {key: each for key, each in layer.options.items() if key != "bias_term"}


def _name_layers(layers: Sequence[DraftLayer]) -> None:
    """Name the last layer of an operator for it, or BatchNorm; the others for their type, too."""
    named = {layer.group: layer for layer in layers}
    named |= {layer.group: layer for layer in layers if layer.type == "BatchNorm"}
    used: set[str] = set()
    for main in (True, False):
        for layer in layers:
            if (named[layer.group] is layer) == main:
                base = layer.scope if main else f"{layer.scope}_{layer.type.lower()}"
                layer.name, number = base, 1
                while layer.name in used:
                    number += 1
                    layer.name = f"{base}_{number}"
                used.add(layer.name)


def _name_blobs(layers: Sequence[DraftLayer], outputs: set[str]) -> dict[str, str]:
    """Name blobs for their layers, or for their bottoms in place; returns `finals`."""
    readers = _readers(layers)
    names: dict[str, str] = {}
    finals: dict[str, str] = {}
    fixed = outputs | {top for each in layers if each.type in _SHARING for top in each.tops}
    taken = {layer.name for layer in layers}
    for layer in layers:
        old = layer.tops
        one = layer.bottoms[0] if len(layer.bottoms) == 1 else ""
        in_place = layer.type in _IN_PLACE and readers[one] == 1
        layer.bottoms = [names[bottom] for bottom in layer.bottoms]
        if in_place and one not in fixed and old[0] not in outputs:
            layer.tops = layer.bottoms
        else:
            layer.tops = _top_names(layer.name, len(old), taken)
        names.update(zip(old, layer.tops, strict=True))
        finals.update(zip(layer.tops, old, strict=True))
    return finals


def _top_names(name: str, number: int, taken: set[str]) -> list[str]:
    """Return the name for one top; for several, numbered names that nothing else has."""
    if number == 1:
        return [name]
    found = []
    for index in range(number):
        top = f"{name}_{index}"
        while top in taken:
            top += "_"
        taken.add(top)
        found.append(top)
    return found


def _silenced(layers: Sequence[DraftLayer], outputs: set[str]) -> list[DraftLayer]:
    """Return a Silence layer for tops that nothing reads, which would become outputs."""
    readers = _readers(layers)
    unread = [
        top
        for layer in layers
        if len(layer.tops) > 1
        for top in layer.tops
        if not readers[top] and top not in outputs
    ]
    return [DraftLayer("Silence", unread, [], {}, [], "silence", -1)] if unread else []
