"""Receptive fields: size, stride and offset, along each axis, of the input behind one element.

The recurrence is that of Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional
Neural Networks" (Distill, 2019): a window of kernel size k, stride s and padding p increases the
size by k - 1 strides of its bottom, moves the start back by p strides, and multiplies the stride by
s. A transposed convolution does the opposite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from caffetools.layers.window import Window
from caffetools.net.infer import Inferred, InferredLayer

if TYPE_CHECKING:
    from fractions import Fraction

Number: TypeAlias = "int | Fraction"
"""A Fraction only after a transposed convolution, whose stride may be no integer."""


class ReceptiveField(NamedTuple):
    """The receptive field along one axis, in elements of the net's input."""

    size: Number
    stride: Number
    start: Number
    """Position of the first element's field; negative in the padding."""

    @property
    def offset(self) -> float:
        """Distance from the centre of the first input element to that of the first field."""
        return float(2 * self.start + self.size - 1) / 2


ReceptiveFields: TypeAlias = "tuple[ReceptiveField, ...] | None"
"""One for each spatial axis; None if an element may depend on the whole input."""

_INPUT = ReceptiveField(1, 1, 0)


def receptive_fields(net: Inferred) -> list[ReceptiveFields]:
    """Return the receptive fields of the tops of each layer of the graph."""
    blobs: dict[int, ReceptiveFields] = {}
    found = []
    for layer in net.layers:
        fields = _fields(layer, [blobs[blob] for blob in layer.node.bottoms])
        blobs.update((blob, fields) for blob in layer.node.tops)
        found.append(fields)
    return found


def _fields(layer: InferredLayer, bottoms: list[ReceptiveFields]) -> ReceptiveFields:
    top = layer.tops[0] if layer.tops else None
    if top is None or len(top) < 3:
        return None
    if not bottoms:
        return (_INPUT,) * (len(top) - 2)
    if layer.layer is None:
        return None
    shapes = layer.known_bottoms
    windows = None if shapes is None else layer.layer.windows(shapes)
    if windows is None or len(windows) not in (0, len(top) - 2):
        return None  # a convolution may start at another axis than the third
    through = _through_transposed if layer.layer.transposed else _through
    fields = []
    for axis in range(len(top) - 2):
        seen = _union(bottoms[: layer.layer.data_bottoms], axis)
        if seen is None:
            return None
        fields.append(through(seen, windows[axis]) if windows else seen)
    return tuple(fields)


def _through(field: ReceptiveField, window: Window) -> ReceptiveField:
    return ReceptiveField(
        field.size + (window.span - 1) * field.stride,
        field.stride * window.stride,
        field.start - window.pad * field.stride,
    )


def _through_transposed(field: ReceptiveField, window: Window) -> ReceptiveField:
    from fractions import Fraction

    reached = -(-window.span // window.stride)
    first = -((window.span - 1 - window.pad) // window.stride)
    return ReceptiveField(
        field.size + (reached - 1) * field.stride,
        Fraction(field.stride, window.stride),
        field.start + first * field.stride,
    )


def _union(bottoms: list[ReceptiveFields], axis: int) -> ReceptiveField | None:
    """Return the union of the bottoms' fields along an axis, if their strides are equal."""
    fields = [fields[axis] for fields in bottoms if fields is not None and axis < len(fields)]
    if len(fields) < len(bottoms):
        return None
    first = fields[0]
    if all(field == first for field in fields):
        return first
    if any(field.stride != first.stride for field in fields):
        return None
    start = min(field.start for field in fields)
    end = max(field.start + field.size for field in fields)
    return ReceptiveField(end - start, first.stride, start)
