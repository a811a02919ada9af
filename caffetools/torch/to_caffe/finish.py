"""A draft -> the layers of the net: unused ones removed, names given, some in place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from caffetools.editing.batch_norm_folding import fold_batch_norm
from caffetools.editing.edited_net import EditedNet
from caffetools.editing.messages import with_layers
from caffetools.layers.base import Options
from caffetools.net.graph import State
from caffetools.proto.message import Message
from caffetools.proto.printer import prototxt
from caffetools.torch.to_caffe.draft import Array, Draft, DraftLayer, Top, built, unused

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

    @property
    def weights(self) -> dict[str, list[Array]]:
        """Blobs of each layer by its name."""
        return {layer.name: layer.blobs for layer in self.layers if layer.blobs}


def finished(d: Draft, name: str, outputs: Mapping[str, Top], *, fold: bool) -> FinishedNet:
    """Finish the net with these outputs, by the names that are wished for them."""
    kept = {top.name for top in outputs.values()}
    layers = _used(d.layers, kept)
    layers += _silenced(layers, kept)
    _name_layers(layers)
    finals = _name_blobs(layers, kept)
    messages = [layer.message() for layer in layers]
    net = built("NetParameter", {"name": name, "layer": messages})
    if fold:
        net, layers = _folded(net, layers, [blob for blob, last in finals.items() if last in kept])
    return FinishedNet(prototxt(net), tuple(layers), finals)


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


def _folded(
    net: Message, layers: Sequence[DraftLayer], kept: Sequence[str]
) -> tuple[Message, list[DraftLayer]]:
    """Fold BatchNorm and Scale in the net and in its layers; a blob that is kept stays."""
    weights = {layer.name: tuple(layer.blobs) for layer in layers}
    guard = built("LayerParameter", {"name": "kept", "type": "Silence", "bottom": [*kept]})
    guarded = with_layers(net, [*net.messages("layer"), guard])
    made = fold_batch_norm(EditedNet(guarded, weights, State("TEST"), Options()), required=False)
    messages = made.message.messages("layer")[:-1]
    names = {message.text("name") for message in messages}
    left = [layer for layer in layers if layer.name in names]
    return with_layers(net, messages), [
        replace(layer, blobs=[*made.weights[layer.name]]) for layer in left
    ]


def _name_layers(layers: Sequence[DraftLayer]) -> None:
    """Name the last layer of an operator for it, or BatchNorm; the others for their type, too."""
    named = {layer.group: layer for layer in layers}
    named |= {layer.group: layer for layer in layers if layer.type == "BatchNorm"}
    used: set[str] = set()
    for main in (True, False):
        for layer in layers:
            if (named[layer.group] is layer) == main:
                base = (
                    (layer.scope or layer.type.lower())
                    if main
                    else f"{layer.scope}_{layer.type.lower()}"
                )
                layer.name = unused(base, used)


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
