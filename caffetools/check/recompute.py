"""A net recomputed for comparison with the one that a log prints.

Shapes that the prototxt does not determine, of data layers and of unknown layer types, are taken
from the log, so that the layers after them can be compared; so are those of layers that worked in
the log and that current Caffe refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from caffetools.errors import CaffeToolsError, Location
from caffetools.layers.base import Facts, Layer, LayerClass, Options, Spec
from caffetools.layers.blobs import Shape, at_least
from caffetools.layers.registry import REGISTRY, Registry
from caffetools.log.logged_net import LoggedNet
from caffetools.net.graph import State, build
from caffetools.net.infer import Inferred, infer
from caffetools.net.reading import read_net
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
    data_axis: int | None
    """The axis whose extent depends on the data, if any."""


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
    refusal: str | None
    """Why Caffe of today refuses it; then its shapes are the log's."""

    def moved(self, lines: int) -> RecomputedLayer:
        """Return the layer of the same prototxt repeated this many lines below."""
        place = self.location
        return self._replace(location=place._replace(line=(place.line or 0) + lines))


Recomputed: TypeAlias = "dict[object, tuple[int, list[RecomputedLayer]]]"
"""Recomputed nets by text, phase and logged shapes, each with the first line of its text."""


def recompute_echo(net: LoggedNet, name: str, known: Recomputed) -> list[RecomputedLayer]:
    """Recompute the net that the log `name` echoes, unless it is known already.

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
        known[key] = net.echo.first_line, _recompute(net, message, state)
    first_line, layers = known[key]
    offset = net.echo.first_line - first_line
    return [layer.moved(offset) for layer in layers] if offset else layers


def _drop_rules(message: Message) -> None:
    """Keep every layer: those that the state leaves out are not echoed."""
    for layer in message.messages("layer"):
        layer.fields.pop("include", None)
        layer.fields.pop("exclude", None)


def recompute_file(net: LoggedNet, path: str) -> list[RecomputedLayer]:
    """The net in a prototxt, layer by layer, in the phase of the log's.

    Raises CaffeToolsError for a file that holds no net.
    """
    loaded = read_net(path, net.phase or "TRAIN")
    return _recompute(net, loaded.message, loaded.state)


def _recompute(net: LoggedNet, message: Message, state: State) -> list[RecomputedLayer]:
    types = {layer.text("type") for layer in message.messages("layer")}
    logged = {layer.name: [top.shape for top in layer.tops] for layer in net.layers}
    registry = _Tolerant(types, logged)
    graph = build(message, state, registry)
    own = infer(graph, Options())
    given = dict(_source_shapes(own, logged))
    inferred = own
    if given:
        registry.refusals.clear()
        inferred = infer(graph, Options(input_shapes=given))
    return list(_layers(own, inferred, registry.refusals))


def _source_shapes(
    net: Inferred, logged: Mapping[str, Sequence[Shape | None]]
) -> Iterator[tuple[str, Shape]]:
    """Tops of layers without bottoms whose shapes are unknown or differ from the log."""
    for layer in net.layers:
        if layer.node.bottoms:
            continue
        printed = logged.get(layer.node.name, ())
        for blob, shape, logged_shape in zip(layer.node.tops, layer.tops, printed, strict=False):
            if logged_shape is not None and shape != logged_shape:
                yield net.graph.blobs[blob].name, logged_shape


def _layers(own: Inferred, net: Inferred, refusals: dict[str, str]) -> Iterator[RecomputedLayer]:
    blobs = net.graph.blobs
    forced = net.graph.message.flag("force_backward")
    carries = [False] * len(blobs)
    for alone, layer, needed in zip(own.layers, net.layers, net.backward, strict=True):
        node = layer.node
        # A data layer is compared as its prototxt has it, though what follows goes by the log.
        shapes = layer.tops if node.bottoms else alone.tops
        known = REGISTRY.find(node.type)
        data_axes = known.data_axes if known else {}
        tops = [
            RecomputedTop(blobs[blob].name, shape, blob, data_axes.get(index))
            for index, (blob, shape) in enumerate(zip(node.tops, shapes, strict=True))
        ]
        learns = forced or any(param.needs_backward for param in layer.params)
        needed_once = learns or any(carries[blob] for blob in node.bottoms)
        for blob in node.tops:
            carries[blob] |= needed_once
        refusal = refusals.get(node.name) if node.bottoms else None
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
            refusal=refusal,
        )


class _Tolerant(Registry):
    """The layer types, made so that what is unknown or refused is as the log prints it."""

    def __init__(self, types: set[str], logged: Mapping[str, Sequence[Shape | None]]) -> None:
        super().__init__({})
        self.refusals: dict[str, str] = {}
        """Why a layer is refused, by its name."""
        self._types = types
        self._logged = logged

    def find(self, name: str) -> LayerClass | None:
        """Return the class of a type, also of an unknown type of the net."""
        found = super().find(name)
        known = REGISTRY.find(name)
        if found is None and (known is not None or name in self._types):
            self.register(self._class(name, known or _Unknown))
            found = super().find(name)
        return found

    def _class(self, name: str, base: LayerClass) -> LayerClass:
        refusals, logged = self.refusals, self._logged

        def set_up(self: Layer, spec: Spec) -> None:
            vars(self)["spec"] = spec
            try:
                base.__init__(self, spec)
            except CaffeToolsError as error:
                refusals[spec.name] = error.message

        def facts(self: Layer, bottoms: tuple[Shape, ...]) -> Facts:
            spec: Spec = vars(self)["spec"]
            if spec.name not in refusals:
                try:
                    return base.facts(self, bottoms)
                except CaffeToolsError as error:
                    refusals[spec.name] = error.message
            shapes = [*logged.get(spec.name, ()), *(None for _ in spec.tops)]
            return Facts(tuple(shapes[: len(spec.tops)]))

        return type(base.__name__, (base,), {"type": name, "__init__": set_up, "facts": facts})


class _Unknown(Layer):
    """An unregistered layer type."""

    bottoms = at_least(0)
    tops = at_least(0)

    def __init__(self, spec: Spec) -> None:
        raise CaffeToolsError(f"unknown layer type {spec.message.text('type')!a}")
