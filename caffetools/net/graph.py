"""The graph of a net: the layers that its state keeps, and the blobs between them (net.cpp).

In every Graph a blob is the top of one node, the nodes that read it follow, and blob names are
unique except "(automatic)". A layer that computes in place has the same blob as bottom and top.
"""

from __future__ import annotations

from typing import NamedTuple

from caffetools.errors import GraphError
from caffetools.layers.base import LayerClass
from caffetools.layers.registry import Registry
from caffetools.net.splits import WiredLayer, insert_splits, unknown_bottom, wired
from caffetools.proto.message import Message

AUTOMATIC = "(automatic)"
"""Caffe's name for a required top that the prototxt does not name."""


class State(NamedTuple):
    """Caffe's NetState, which include and exclude rules are compared with."""

    phase: str = "TRAIN"
    stages: tuple[str, ...] = ()
    level: int = 0


class Blob(NamedTuple):
    """A blob as Caffe allocates it, inserted copies included."""

    name: str
    origin: str
    """Name of the blob in the prototxt; `name` differs for a copy that a Split makes."""
    inserted: bool
    """Whether it is the top of an inserted Split."""


class Node(NamedTuple):
    """A layer with its blobs."""

    key: str
    """Unique name: the second layer `data` of a state is `data#2`."""
    name: str
    type: str
    message: Message
    layer_class: LayerClass | None
    """None for an unregistered type."""
    bottoms: tuple[int, ...]
    """Indices into `Graph.blobs`."""
    tops: tuple[int, ...]
    loss_weights: tuple[float, ...]
    """As given in the prototxt."""
    inserted: bool
    """Whether it is an inserted Split."""

    @property
    def in_place(self) -> tuple[bool, ...]:
        """Whether each top is the bottom of the same index."""
        bottoms = self.bottoms
        return tuple(i < len(bottoms) and top == bottoms[i] for i, top in enumerate(self.tops))


class Graph(NamedTuple):
    """A net in one state, with the Split layers that Caffe inserts."""

    name: str
    state: State
    message: Message
    nodes: tuple[Node, ...]
    blobs: tuple[Blob, ...]
    outputs: tuple[int, ...]
    """Indices of the blobs that no layer reads, sorted by name as Caffe logs them."""


def build(net: Message, state: State, registry: Registry) -> Graph:
    """Build the graph of an upgraded net.

    Raises GraphError, placed, for what Caffe refuses: include and exclude rules in one layer, an
    unknown bottom, two layers with one top, a wrong number of bottoms or tops.
    """
    kept = [wired(layer) for layer in net.messages("layer") if keeps(state, layer)]
    return _Builder(registry).run(net, state, insert_splits(kept))


def keeps(state: State, layer: Message) -> bool:
    """Whether a net in this state has the layer (Net::FilterNet).

    Raises GraphError, placed, for a layer with include and exclude rules.
    """
    include, exclude = layer.messages("include"), layer.messages("exclude")
    if include and exclude:
        text = "expected include rules or exclude rules, found both"
        raise layer.error(text, "exclude", kind=GraphError)
    if include:
        return any(meets(state, rule) for rule in include)
    return not any(meets(state, rule) for rule in exclude)


def meets(state: State, rule: Message) -> bool:
    """Whether the state meets all conditions of a rule (Net::StateMeetsRule)."""
    return (
        (not rule.has("phase") or rule.text("phase") == state.phase)
        and (not rule.has("min_level") or state.level >= rule.integer("min_level"))
        and (not rule.has("max_level") or state.level <= rule.integer("max_level"))
        and all(stage in state.stages for stage in rule.texts("stage"))
        and not any(stage in state.stages for stage in rule.texts("not_stage"))
    )


class _Builder:
    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.blobs: list[Blob] = []
        self.by_name: dict[str, int] = {}
        self.unread: set[str] = set()
        self.seen: dict[str, int] = {}

    def run(self, net: Message, state: State, layers: list[WiredLayer]) -> Graph:
        nodes = tuple(self.node(layer) for layer in layers)
        outputs = tuple(self.by_name[name] for name in sorted(self.unread, key=_as_bytes))
        return Graph(net.text("name"), state, net, nodes, tuple(self.blobs), outputs)

    def node(self, layer: WiredLayer) -> Node:
        layer_class = self.registry.class_of(layer.type, layer.message)
        propagated = layer.message.count("propagate_down")
        if propagated and propagated != len(layer.bottoms):
            wanted = f"a propagate_down for each bottom, {len(layer.bottoms)} in all"
            text = f"expected {wanted}, found {propagated}"
            raise layer.message.error(text, "propagate_down", kind=GraphError)
        bottoms = tuple(self.bottom(layer, index) for index in range(len(layer.bottoms)))
        tops = [self.top(layer, index) for index in range(len(layer.tops))]
        if layer_class is not None:
            if layer_class.automatic_tops:
                missing = range(len(tops), layer_class.tops.least)
                tops.extend(self.add(AUTOMATIC, False) for _ in missing)
            check_counts(layer, layer_class, len(tops))
        return Node(
            self.key(layer),
            layer.name,
            layer.type,
            layer.message,
            layer_class,
            bottoms,
            tuple(tops),
            tuple(layer.loss_weights),
            layer.inserted,
        )

    def bottom(self, layer: WiredLayer, index: int) -> int:
        name = layer.bottoms[index]
        if name not in self.unread:
            raise unknown_bottom(layer, index)
        self.unread.remove(name)
        return self.by_name[name]

    def top(self, layer: WiredLayer, index: int) -> int:
        name = layer.tops[index]
        in_place = layer.bottoms[index : index + 1] == [name]
        if name in self.by_name and not in_place:
            text = f"expected a new top, found the blob {name!a} of an earlier layer"
            raise layer.message.error(text, "top", index, GraphError)
        self.unread.add(name)
        if in_place:
            return self.by_name[name]
        self.by_name[name] = blob = self.add(name, layer.inserted, layer.bottoms)
        return blob

    def add(self, name: str, inserted: bool, bottoms: list[str] | None = None) -> int:
        origin = self.blobs[self.by_name[bottoms[0]]].origin if inserted and bottoms else name
        self.blobs.append(Blob(name, origin, inserted))
        return len(self.blobs) - 1

    def key(self, layer: WiredLayer) -> str:
        name = key = layer.name
        if layer.inserted:
            return name
        while key in self.seen:  # also "data#2", which may be the name of a layer
            self.seen[name] += 1
            key = f"{name}#{self.seen[name]}"
        self.seen[key] = 1
        return key


def check_counts(layer: WiredLayer, layer_class: LayerClass, tops: int) -> None:
    """Raise GraphError for a wrong number of bottoms or tops (layer.hpp, CheckBlobCounts)."""
    bottoms = len(layer.bottoms)
    for what, takes, found in (
        ("bottom", layer_class.bottoms, bottoms),
        ("top", layer_class.tops, tops),
    ):
        wrong = takes.mismatch(what, found)
        if wrong:
            raise layer.message.error(f"{layer.type} {wrong}", what, kind=GraphError)
    if layer_class.as_many_tops_as_bottoms and tops != bottoms:
        text = f"{layer.type} expects a top for each bottom, {bottoms} in all, found {tops}"
        raise layer.message.error(text, "top", kind=GraphError)


def _as_bytes(name: str) -> bytes:
    """Sort key of C++, which compares strings by their bytes."""
    return name.encode("utf-8", "surrogateescape")
