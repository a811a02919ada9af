"""Layers whose options give the shapes of their tops: Input, DummyData, MemoryData, Parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from caffetools.layers.base import (
    INT_MAX,
    Blobs,
    Facts,
    Layer,
    Param,
    Shape,
    Spec,
    at_least,
    exactly,
)
from caffetools.layers.checks import check_int
from caffetools.layers.fillers import check_filler
from caffetools.layers.items import batch_size
from caffetools.layers.transform import Transform
from caffetools.proto.message import Message

Value = TypeVar("Value")

_LEGACY = ("num", "channels", "height", "width")


class Input(Layer):
    """What a program fills: a shape for all tops, or one for each, or none (input_layer.cpp)."""

    type: ClassVar[str] = "Input"
    bottoms: ClassVar[Blobs] = exactly(0)
    tops: ClassVar[Blobs] = at_least(1)
    whole_shapes: ClassVar[bool] = True

    def __init__(self, spec: Spec) -> None:
        self.names = spec.tops
        self.param = spec.param("input_param")
        if self.param.has("shape"):
            check_once_or_each(self.param, "shape", len(spec.tops))

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        if not self.param.has("shape"):
            example = " ".join(f"--input-shape {ascii(name)[1:-1]}=D,D,…" for name in self.names)
            return Facts(
                (None,) * len(self.names), notes=(f"an Input without a shape: pass {example}",)
            )
        return Facts(listed_shapes(self.param, len(self.names)))


class DummyData(Layer):
    """Tops of any shape, each filled by a filler (dummy_data_layer.cpp)."""

    type: ClassVar[str] = "DummyData"
    bottoms: ClassVar[Blobs] = exactly(0)
    tops: ClassVar[Blobs] = at_least(1)
    whole_shapes: ClassVar[bool] = True

    def __init__(self, spec: Spec) -> None:
        self.count = len(spec.tops)
        self.param = param = spec.param("dummy_data_param")
        self.legacy = any(param.has(name) for name in _LEGACY)
        if param.has("data_filler"):
            check_once_or_each(param, "data_filler", self.count)
        if self.legacy and param.has("shape"):
            raise param.error("expected shape, or num to width, found both", "shape")
        for name in _LEGACY if self.legacy else ("shape",):
            check_once_or_each(param, name, self.count)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        if self.legacy:
            shapes = tuple(
                tuple(pick(self.param.integers(name), index) for name in _LEGACY)
                for index in range(self.count)
            )
            for name in _LEGACY:
                check_int(self.param, name)
        else:
            shapes = listed_shapes(self.param, self.count)
        notes: tuple[str, ...] = ()
        if self.param.has("data_filler"):
            for index, shape in enumerate(shapes):
                filler = pick(self.param.messages("data_filler"), index)
                if filler.text("type") == "constant":  # others are applied in each forward pass
                    notes += check_filler(filler, Param("top", shape))
        return Facts(shapes, notes=notes)


class MemoryData(Layer):
    """(batch_size, channels, height, width) and labels (batch_size) (memory_data_layer.cpp)."""

    type: ClassVar[str] = "MemoryData"
    bottoms: ClassVar[Blobs] = exactly(0)
    tops: ClassVar[Blobs] = exactly(2)

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.param = spec.param("memory_data_param")
        Transform(spec.message)  # which a program may apply to what it adds
        for name in ("batch_size", "channels", "height", "width"):
            check_int(self.param, name)
            if self.param.integer(name) == 0:
                raise self.param.error(f"expected {name} of at least 1, found 0", name)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        batch = batch_size(self.spec, self.param)
        item = (self.param.integer(name) for name in ("channels", "height", "width"))
        return Facts(((batch, *item), (batch,)))


class Parameter(Layer):
    """A blob that learns, as a top (parameter_layer.hpp)."""

    type: ClassVar[str] = "Parameter"
    bottoms: ClassVar[Blobs] = exactly(0)
    tops: ClassVar[Blobs] = exactly(1)

    def __init__(self, spec: Spec) -> None:
        self.shape = blob_shape(spec.param("parameter_param").message("shape"))

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        return Facts((self.shape,), (Param("parameter", self.shape),))


def check_once_or_each(param: Message, name: str, tops: int) -> None:
    """Raise ShapeError unless the option stands once, or once for each top."""
    found = param.count(name)
    if found not in (1, tops):
        each = f", or once for each of {tops} tops" if tops > 1 else ""
        raise param.error(f"expected {name} once{each}, found it {found} times", name)


def pick(values: Sequence[Value], index: int) -> Value:
    """The value for a top: its own, or the one that is for all."""
    return values[0] if len(values) == 1 else values[index]


def listed_shapes(param: Message, tops: int) -> tuple[Shape, ...]:
    """The `shape` for each top."""
    shapes = [blob_shape(shape) for shape in param.messages("shape")]
    return tuple(pick(shapes, index) for index in range(tops))


def blob_shape(shape: Message) -> Shape:
    """The extents of a BlobShape; raises ShapeError, placed, for one that no blob can have."""
    dims = shape.integers("dim")
    for index, dim in enumerate(dims):
        if not 0 <= dim <= INT_MAX:
            raise shape.error(f"expected a dim from 0 to 2^31 - 1, found {dim}", "dim", index)
    return tuple(dims)
