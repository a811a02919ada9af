"""A Caffe net under construction: its layers, and the shape of every top by the shape engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError, Location
from caffetools.layers.base import Options, Spec
from caffetools.layers.blobs import Shape, check_shape, dims
from caffetools.layers.registry import REGISTRY
from caffetools.proto import schema
from caffetools.proto.message import Message
from caffetools.proto.schema import Descriptor
from caffetools.proto.source import BinarySource
from caffetools.torch.to_caffe.profile import Profile

Array: TypeAlias = NDArray[Any]
Fields: TypeAlias = Mapping[str, Any]
"""Options of a layer: scalars, lists for repeated fields, mappings for messages."""

_SOURCE = BinarySource("<net>")
_PARAMS = {
    "Deconvolution": "convolution_param",
    "LSTM": "recurrent_param",
}
"""The field with the options of a type, if it is not named for the type."""


class Top(NamedTuple):
    """A blob of the net under construction."""

    name: str
    shape: Shape


@dataclass
class DraftLayer:
    """A layer of the net under construction, with its blobs in Caffe's order."""

    type: str
    bottoms: list[str]
    tops: list[str]
    options: Fields
    blobs: list[Array]
    scope: str
    """What the source of the net calls the operator."""
    group: int
    """The same for all layers of one operator."""
    name: str = ""

    def message(self) -> Message:
        """Return the layer's message."""
        fields: dict[str, Any] = {"name": self.name, "type": self.type}
        fields |= {"bottom": self.bottoms, "top": self.tops}
        if self.options:
            fields[options_field(self.type)] = self.options
        return built("LayerParameter", fields)


class Draft:
    """The net under construction. Its blobs have numbers for names until the net is finished."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.layers: list[DraftLayer] = []
        self.shape: Shape = ()
        """Shape that the operator's result has in the source of the net."""
        self.padded: dict[str, tuple[Top, list[tuple[int, int]], float]] = {}
        """By padded blob: the blob without padding, the padding of each axis, its value."""
        self.reshaped: dict[str, Top] = {}
        """By reshaped blob: the blob before."""
        self.makers: dict[str, DraftLayer] = {}
        """The layer of each blob."""
        self.shapes: dict[str, Shape] = {}
        self._scope = ""
        self._groups = self._blobs = 0

    def start(self, scope: str, shape: Shape) -> None:
        """Begin an operator by its name, with the shape of its result."""
        self._scope, self.shape = scope, shape
        self._groups += 1

    def allows(self, kind: str) -> bool:
        """Whether the profile has the type."""
        return self.profile.allows(kind)

    def input(self, name: str, shape: Shape, place: Location) -> Top:
        """Add an Input layer; `place` is where the source of the net has it."""
        self.start(name, shape)
        if not shape or 0 in shape:
            raise CaffeToolsError(f"input {name!a} expected a shape, found {dims(shape)}", place)
        return self.one("Input", shape={"dim": [*shape]})

    def check(self, result: object) -> None:
        """Raise CaffeToolsError if the operator's result has another shape than in the source."""
        if isinstance(result, Top) and result.shape != self.shape:
            text = f"expected the shape {dims(self.shape)}, found {dims(result.shape)} in Caffe"
            raise CaffeToolsError(text)

    def one(self, kind: str, *bottoms: Top, blobs: Sequence[Array] = (), **options: Any) -> Top:
        """Add a layer with one top; see `add`."""
        return self.add(kind, *bottoms, blobs=blobs, **options)[0]

    def add(
        self, kind: str, *bottoms: Top, blobs: Sequence[Array] = (), tops: int = 1, **options: Any
    ) -> list[Top]:
        """Add a layer; options that are None are left out.

        Raises CaffeToolsError if the profile lacks the type, if a blob or an option has a value
        that is not finite, and for what Caffe refuses.
        """
        if not self.allows(kind):
            raise CaffeToolsError(f"the profile {self.profile.name} excludes the layer type {kind}")
        names = [f"#{self._blobs + index}" for index in range(tops)]
        self._blobs += tops
        given = {key: value for key, value in options.items() if value is not None}
        if any(isinstance(blob, Top) for blob in blobs):
            raise CaffeToolsError(f"computed weights of {kind} have no form in Caffe")
        for name, value in given.items():
            if isinstance(value, float) and not abs(value) <= float(np.finfo(np.float32).max):
                raise CaffeToolsError(
                    f"the {name} of {kind} would be {value:g}, which is not finite"
                )
        arrays = [np.asarray(blob, np.float32, order="C") for blob in blobs]
        below = [each.name for each in bottoms]
        layer = DraftLayer(kind, below, names, given, arrays, self._scope, self._groups)
        shapes = self._set_up(layer, tuple(each.shape for each in bottoms))
        self.layers.append(layer)
        self.makers.update(dict.fromkeys(names, layer))
        self.shapes.update(zip(names, shapes, strict=True))
        return [self.top(each) for each in names]

    def top(self, name: str) -> Top:
        """Return a blob by its number."""
        return Top(name, self.shapes[name])

    def original(self, x: Top) -> Top:
        """Return the blob before all reshaping."""
        while x.name in self.reshaped:
            x = self.reshaped[x.name]
        return x

    def _set_up(self, layer: DraftLayer, bottoms: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """Return the shapes of the tops as Caffe computes them."""
        found = REGISTRY.find(layer.type)
        assert found is not None
        spec = Spec(layer.message(), tuple(layer.bottoms), tuple(layer.tops), "TEST", Options())
        try:
            facts = found(spec).facts(bottoms)
            for shape in facts.tops:
                check_shape(shape or (), "the result")
        except CaffeToolsError as error:
            raise CaffeToolsError(f"Caffe's {layer.type} refuses it: {error.message}") from None
        expected = [param.shape for param in facts.params]
        assert expected == [blob.shape for blob in layer.blobs], (layer, expected)
        for param, blob in zip(facts.params, layer.blobs, strict=True):
            if not np.isfinite(blob).all():
                raise CaffeToolsError(f"the {param.role} has values that are not finite")
        return tuple(shape or () for shape in facts.tops)


def unused(base: str, used: set[str]) -> str:
    """Return the name, with a number if it is used, and add it to the used ones."""
    name, number = base, 1
    while name in used:
        number += 1
        name = f"{base}_{number}"
    used.add(name)
    return name


def options_field(kind: str) -> str:
    """Return the field of LayerParameter with the options of a type."""
    wanted = f"{kind.lower()}param"
    fields = schema.message("LayerParameter").fields
    return _PARAMS.get(kind) or next(name for name in fields if name.replace("_", "") == wanted)


def built(kind: str, fields: Mapping[str, Any]) -> Message:
    """Build a message of the schema from Python's values: dicts for messages, lists if repeated."""
    return _built(schema.message(kind), fields)


def _built(descriptor: Descriptor | None, fields: Mapping[str, Any]) -> Message:
    assert descriptor is not None
    entries = {}
    for name, value in fields.items():
        known = descriptor.fields[name]
        values = value if isinstance(value, list) else [value]
        entries[name] = [
            (_built(known.message, each) if isinstance(each, dict) else each, 0) for each in values
        ]
    return Message(descriptor, _SOURCE, 0, {name: each for name, each in entries.items() if each})
