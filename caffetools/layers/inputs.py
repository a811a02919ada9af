"""Layers whose options give the shapes of their tops: Input, DummyData, MemoryData, Parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from caffetools.layers.base import Facts, Layer, Param, Spec
from caffetools.layers.blobs import INT_MAX, Shape, at_least, exactly
from caffetools.layers.checks import check_int, read_integer
from caffetools.layers.fillers import check_filler
from caffetools.layers.transform import Transform
from caffetools.proto.message import Message

Value = TypeVar("Value")

_LEGACY = ("num", "channels", "height", "width")


class Input(Layer):
    """Inputs, with one shape for all tops, one per top, or none (input_layer.cpp)."""

    type = "Input"
    is_input = True
    no_torch = "an input of the model"
    bottoms = exactly(0)
    tops = at_least(1)
    whole_shapes = True
    param_name = "input_param"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        if self.param.has("shape"):
            check_once_or_each(self.param, "shape", len(spec.tops))

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        if not self.param.has("shape"):
            names = [ascii(name)[1:-1] for name in self.spec.tops]
            example = " ".join(f"--input-shape {name}=D,D,…" for name in names)
            note = f"the shape of an Input is unknown; pass {example}"
            return Facts((None,) * self.top_count, notes=(note,))
        return Facts(listed_shapes(self.param, self.top_count))


class DummyData(Layer):
    """Tops of any shape, each filled by a filler (dummy_data_layer.cpp)."""

    type = "DummyData"
    bottoms = exactly(0)
    tops = at_least(1)
    whole_shapes = True

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
            extents = [self.param.integers(name) for name in _LEGACY]
            tops = range(self.count)
            shapes = tuple(tuple(pick(each, index) for each in extents) for index in tops)
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

    type = "MemoryData"
    no_torch = "an input of the model"
    bottoms = exactly(0)
    tops = exactly(2)
    param_name = "memory_data_param"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        Transform(spec.message)  # applied to the images that a program adds
        for name in ("batch_size", "channels", "height", "width"):
            read_integer(self.param, name)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        batch = self.spec.batch_size(self.param)
        item = (self.param.integer(name) for name in ("channels", "height", "width"))
        return Facts(((batch, *item), (batch,)))


class Parameter(Layer):
    """A learnable blob as top (parameter_layer.hpp)."""

    type = "Parameter"
    top_is_param = True
    bottoms = exactly(0)
    tops = exactly(1)

    def __init__(self, spec: Spec) -> None:
        self.shape = blob_shape(spec.param("parameter_param").message("shape"))

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        return Facts((self.shape,), (Param("parameter", self.shape),))


def check_once_or_each(param: Message, name: str, tops: int) -> None:
    """Raise ShapeError unless the option is given once, or once per top."""
    found = param.count(name)
    if found not in (1, tops):
        each = f", or once for each of {tops} tops" if tops > 1 else ""
        raise param.error(f"expected {name} once{each}, found {found}", name)


def pick(values: Sequence[Value], index: int) -> Value:
    """Return the value for a top: its own, or the only one."""
    return values[0] if len(values) == 1 else values[index]


def listed_shapes(param: Message, tops: int) -> tuple[Shape, ...]:
    """Return the `shape` of each top."""
    shapes = [blob_shape(shape) for shape in param.messages("shape")]
    return tuple(pick(shapes, index) for index in range(tops))


def blob_shape(shape: Message) -> Shape:
    """Return the extents of a BlobShape; ShapeError, with its location, for an invalid one."""
    dims = shape.integers("dim")
    for index, dim in enumerate(dims):
        if not 0 <= dim <= INT_MAX:
            raise shape.error(f"expected a dim from 0 to 2^31 - 1, found {dim}", "dim", index)
    return tuple(dims)
