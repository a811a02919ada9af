"""A net recomputed for comparison with the one that a log prints.

Shapes that the prototxt does not determine, of data layers and of unknown layer types, are taken
from the log, so that the layers after them can be compared; so are those of layers that worked in
the log and that current Caffe refuses, and of forks' layers whose fork gave another shape.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from caffetools.check.printed import Printed
from caffetools.check.tolerant import Tolerant
from caffetools.errors import Location
from caffetools.layers.base import LayerClass, Options
from caffetools.layers.blobs import Shape
from caffetools.layers.items import ItemLayer
from caffetools.layers.registry import REGISTRY
from caffetools.layers.transform import mean_mismatch
from caffetools.log.age import Age
from caffetools.log.logged_net import LoggedNet
from caffetools.net.graph import Graph, State, build
from caffetools.net.infer import Inferred, infer
from caffetools.net.reading import LoadedNet
from caffetools.proto import prototxt
from caffetools.proto.message import Message
from caffetools.proto.source import Source
from caffetools.proto.upgrade import upgrade


class RecomputedTop(NamedTuple):
    """A top as the prototxt has it."""

    name: str
    shape: Shape | None
    blob: int
    """Which blob of the net it is: one in place is its bottom's."""
    open_axes: frozenset[int]
    """Axes whose extent depends on the data, not on the prototxt."""


class RecomputedLayer(NamedTuple):
    """A layer as the prototxt has it."""

    name: str
    type: str
    location: Location
    tops: tuple[RecomputedTop, ...]
    needs_backward: bool
    """Since September 2014: whether it is on a path from a learned parameter to a loss."""
    needed_backward: bool
    """Before: whether it or a layer below it learns, force_backward included."""
    is_known: bool
    """Whether its type is registered."""
    is_split: bool
    """Whether Caffe inserts it."""
    is_input: bool
    """Whether it may be an `input` of the net, which is no layer of the log."""
    is_loss: bool
    batch: int | None
    """The batch size of a layer that reads data, which some forks divide among GPUs."""
    refusal: str | None
    """Why Caffe of today refuses it; then its shapes are the log's."""
    fork: str
    """How the log's layer differs from that of the fork whose rules are known, if it does; then
    its shapes are the log's."""
    meaning: str
    """What a difference of its first top means, if that is known."""

    def moved(self, lines: int) -> RecomputedLayer:
        """Return the layer of the same prototxt repeated this many lines below."""
        place = self.location
        return self._replace(location=place._replace(line=(place.line or 0) + lines))


Recomputed: TypeAlias = "dict[object, tuple[int, list[RecomputedLayer]]]"
"""Recomputed nets by text, phase and logged shapes, each with the first line of its text."""


def recompute_echo(net: LoggedNet, name: str, age: Age, known: Recomputed) -> list[RecomputedLayer]:
    """Recompute the net that the log `name` echoes, unless it is known already.

    A layer of a fork may have other shapes than its rules give: then the log's fork differs.
    Raises CaffeToolsError if the echo is no valid net.
    """
    assert net.echo
    shapes = tuple((layer.name, *(top.shape for top in layer.tops)) for layer in net.layers)
    key = net.echo.text, net.phase, shapes
    if key not in known:
        source = Source(name, net.echo.text, net.echo.first_line)
        message, _ = upgrade(prototxt.parse(source))
        own = message.message("state")
        _drop_rules(message)
        state = State(net.phase or "TRAIN", tuple(own.texts("stage")), own.integer("level"))
        layers = _recompute(net, message, state, Printed(net, age))
        known[key] = net.echo.first_line, layers
    first_line, layers = known[key]
    offset = net.echo.first_line - first_line
    return [layer.moved(offset) for layer in layers] if offset else layers


def _drop_rules(message: Message) -> None:
    """Keep every layer: those that the state leaves out are not echoed."""
    for layer in message.messages("layer"):
        layer.fields.pop("include", None)
        layer.fields.pop("exclude", None)


def recompute_file(
    net: LoggedNet, loaded: LoadedNet, age: Age, forks: Collection[str] = ()
) -> list[RecomputedLayer]:
    """The net of a file, layer by layer, in the phase of the log's.

    `forks` are the layers of which the log shows that its fork differs.
    """
    return _recompute(net, loaded.message, loaded.state, Printed(net, age), forks)


def _recompute(
    net: LoggedNet,
    message: Message,
    state: State,
    printed: Printed,
    forks: Collection[str] | None = None,
) -> list[RecomputedLayer]:
    types = {layer.text("type") for layer in message.messages("layer")}
    logged = {layer.name: [top.shape for top in layer.tops] for layer in net.layers}
    registry = Tolerant(types, logged, printed, forks)
    graph = build(message, state, registry)
    fixed = _prototxt_shapes(graph)
    given = {
        graph.blobs[blob].name: shape
        for node in graph.nodes
        if not node.bottoms
        for blob, shape in zip(node.tops, logged.get(node.name, ()), strict=False)
        if shape is not None and fixed[blob] != (shape, frozenset())
    }
    registry.refusals.clear()
    inferred = infer(graph, Options(input_shapes=given))
    return list(_layers(fixed, inferred, registry, logged))


_ITEMS = ((2, 3, 4), (5, 6))
"""Two shapes of items of data layers. What both give follows from the prototxt."""

_Shapes: TypeAlias = "dict[int, tuple[Shape | None, frozenset[int]]]"


def _prototxt_shapes(graph: Graph) -> _Shapes:
    """Return the shape that the prototxt gives each top of a layer without bottoms.

    By blob: the shape, and its axes whose extents depend on the data; None if all of them do.
    """
    sources = graph._replace(nodes=tuple(node for node in graph.nodes if not node.bottoms))
    first, second = (infer(sources, Options(data_shape=item)).shapes for item in _ITEMS)
    found: _Shapes = {}
    for blob in (blob for node in sources.nodes for blob in node.tops):
        pair = first[blob] or (), second[blob] or ()
        same_axes = len(pair[0]) == len(pair[1])
        differing = (i for i, (a, b) in enumerate(zip(*pair, strict=False)) if a != b)
        found[blob] = first[blob] if same_axes else None, frozenset(differing)
    return found


def _layers(
    fixed: _Shapes,
    net: Inferred,
    registry: Tolerant,
    logged: Mapping[str, Sequence[Shape | None]],
) -> Iterator[RecomputedLayer]:
    blobs = net.graph.blobs
    forced = net.graph.message.flag("force_backward")
    carries = [False] * len(blobs)
    for layer, needed in zip(net.layers, net.backward, strict=True):
        node = layer.node
        known = REGISTRY.find(node.type)
        tops = []
        for index, (blob, shape) in enumerate(zip(node.tops, layer.tops, strict=True)):
            # A data layer is compared as its prototxt has it, though what follows goes by the log.
            own, axes = fixed.get(blob, (shape, frozenset()))
            axes |= {known.data_axes[index]} if known and index in known.data_axes else set()
            tops.append(RecomputedTop(blobs[blob].name, own, blob, axes))
        learns = forced or any(param.needs_backward for param in layer.params)
        needed_once = learns or any(carries[blob] for blob in node.bottoms)
        for blob in node.tops:
            carries[blob] |= needed_once
        first = next(iter(logged.get(node.name, ())), None)
        yield RecomputedLayer(
            name=node.name,
            type=node.type,
            location=node.message.location(),
            tops=tuple(tops),
            needs_backward=needed,
            needed_backward=needed_once,
            is_known=known is not None,
            is_split=node.inserted,
            is_input=known is not None and known.is_input,
            is_loss=known is not None and known.is_loss,
            batch=_batch(known, tops),
            refusal=registry.refusals.get(node.name) if node.bottoms else None,
            fork=registry.differing.get(node.name, ""),
            meaning="" if node.bottoms else _meaning(node.message, first),
        )


def _batch(known: LayerClass | None, tops: Sequence[RecomputedTop]) -> int | None:
    if known is None or not issubclass(known, ItemLayer) or not tops:
        return None
    top = tops[0]
    return top.shape[0] if top.shape and 0 not in top.open_axes else None


def _meaning(message: Message, shape: Shape | None) -> str:
    """What it means that a data layer prints this shape, if Caffe then aborts."""
    values = message.message("transform_param").count("mean_value")
    return mean_mismatch(values, shape[1]) if shape and len(shape) == 4 else ""
