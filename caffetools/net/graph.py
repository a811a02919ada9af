"""Message -> Graph: the layers that a state keeps and the blobs between them, as Caffe wires them.

What holds of every Graph: a blob is made by one node, all nodes that read it stand below, and names
of blobs are unique but for "(automatic)". A layer that computes in place writes to the blob that it
reads.
"""

from __future__ import annotations

from typing import NamedTuple

from caffetools.errors import GraphError
from caffetools.layers.base import LayerClass
from caffetools.layers.registry import Registry, python_type
from caffetools.net.splits import Wiring, insert_splits, unknown_bottom, wire
from caffetools.proto.message import Message

AUTOMATIC = "(automatic)"
"""What Caffe calls a top that a layer must have and that its prototxt does not name."""


class State(NamedTuple):
    """The state that include and exclude rules are compared with: Caffe's NetState."""

    phase: str = "TRAIN"
    stages: tuple[str, ...] = ()
    level: int = 0


class Blob(NamedTuple):
    """A blob as Caffe allocates it."""

    name: str
    origin: str
    """The blob of the prototxt: another name than `name` for a copy that a Split made."""
    inserted: bool


class Node(NamedTuple):
    """A layer in its place."""

    key: str
    """Its name, made unique: the second `data` of a phase is `data#2`."""
    name: str
    type: str
    message: Message
    layer_class: LayerClass | None
    """None for a type that nobody knows."""
    bottoms: tuple[int, ...]
    """Indices into the graph's blobs."""
    tops: tuple[int, ...]
    loss_weights: tuple[float, ...]
    """As the prototxt gives them."""
    inserted: bool
    """Is it a Split that Caffe puts in?"""

    @property
    def in_place(self) -> tuple[bool, ...]:
        """For each top: is it the bottom of the same index?"""
        bottoms = self.bottoms
        return tuple(i < len(bottoms) and top == bottoms[i] for i, top in enumerate(self.tops))


class Graph(NamedTuple):
    """A net in one state, with the Split layers that Caffe puts in."""

    name: str
    state: State
    message: Message
    nodes: tuple[Node, ...]
    blobs: tuple[Blob, ...]
    outputs: tuple[int, ...]
    """The blobs that no layer reads, in the order in which Caffe tells them: by name."""


def build(net: Message, state: State, registry: Registry) -> Graph:
    """The graph of a net of today's form.

    Raises GraphError, placed, for what Caffe refuses: rules of both kinds, an unknown bottom, a top
    made twice, more or fewer blobs than a layer takes.
    """
    kept = [wire(layer) for layer in net.messages("layer") if keeps(state, layer)]
    return _Builder(registry).run(net, state, insert_splits(kept))


def keeps(state: State, layer: Message) -> bool:
    """Does a net in this state have the layer? Raises GraphError for rules of both kinds on it."""
    include, exclude = layer.messages("include"), layer.messages("exclude")
    if include and exclude:
        raise layer.error(
            "expected include rules or exclude rules, found both", "exclude", kind=GraphError
        )
    if include:
        return any(meets(state, rule) for rule in include)
    return not any(meets(state, rule) for rule in exclude)


def meets(state: State, rule: Message) -> bool:
    """Does the state meet all that the rule names?"""
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

    def run(self, net: Message, state: State, layers: list[Wiring]) -> Graph:
        nodes = tuple(self.node(layer) for layer in layers)
        outputs = tuple(self.by_name[name] for name in sorted(self.unread, key=_as_bytes))
        return Graph(net.text("name"), state, net, nodes, tuple(self.blobs), outputs)

    def node(self, layer: Wiring) -> Node:
        layer_class = self.registry.find(layer.type)
        if layer.type == "Python":
            layer_class = self.registry.find(python_type(layer.message)) or layer_class
        propagated = layer.message.count("propagate_down")
        if propagated and propagated != len(layer.bottoms):
            raise layer.message.error(
                f"expected a propagate_down for each bottom, {len(layer.bottoms)} in all, "
                f"found {propagated}",
                "propagate_down",
                kind=GraphError,
            )
        bottoms = tuple(self.bottom(layer, index) for index in range(len(layer.bottoms)))
        tops = [self.top(layer, index) for index in range(len(layer.tops))]
        if layer_class is not None:
            if layer_class.automatic_tops:
                tops.extend(
                    self.add(AUTOMATIC, False) for _ in range(len(tops), layer_class.tops.least)
                )
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

    def bottom(self, layer: Wiring, index: int) -> int:
        name = layer.bottoms[index]
        if name not in self.unread:
            raise unknown_bottom(layer, index)
        self.unread.remove(name)
        return self.by_name[name]

    def top(self, layer: Wiring, index: int) -> int:
        name = layer.tops[index]
        in_place = layer.bottoms[index : index + 1] == [name]
        if name in self.by_name and not in_place:
            raise layer.message.error(
                f"the blob {name!a} is made twice: a layer above makes it already",
                "top",
                index,
                GraphError,
            )
        self.unread.add(name)
        if in_place:
            return self.by_name[name]
        self.by_name[name] = blob = self.add(name, layer.inserted, layer.bottoms)
        return blob

    def add(self, name: str, inserted: bool, bottoms: list[str] | None = None) -> int:
        origin = self.blobs[self.by_name[bottoms[0]]].origin if inserted and bottoms else name
        self.blobs.append(Blob(name, origin, inserted))
        return len(self.blobs) - 1

    def key(self, layer: Wiring) -> str:
        name = key = layer.name
        if layer.inserted:
            return name
        while key in self.seen:  # so may "data#2", where a layer has it for a name
            self.seen[name] += 1
            key = f"{name}#{self.seen[name]}"
        self.seen[key] = 1
        return key


def check_counts(layer: Wiring, layer_class: LayerClass, tops: int) -> None:
    """Raise GraphError for more or fewer blobs than the type takes (layer.hpp, CheckBlobCounts)."""
    bottoms = len(layer.bottoms)
    for what, takes, found in (
        ("bottom", layer_class.bottoms, bottoms),
        ("top", layer_class.tops, tops),
    ):
        if found < takes.least or (takes.most is not None and found > takes.most):
            plural = "" if (takes.least if takes.most is None else takes.most) == 1 else "s"
            raise layer.message.error(
                f"a layer of type {layer.type} has {takes} {what}{plural}, found {found}",
                what,
                kind=GraphError,
            )
    if layer_class.as_many_tops_as_bottoms and tops != bottoms:
        raise layer.message.error(
            f"a layer of type {layer.type} has a top for each bottom, {bottoms} in all, "
            f"found {tops}",
            "top",
            kind=GraphError,
        )


def _as_bytes(name: str) -> bytes:
    """C++ orders strings by their bytes."""
    return name.encode("utf-8", "surrogateescape")
