"""Blobs of a layer: how many it has, their shapes, and the arithmetic behind a shape."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from caffetools.errors import ShapeError
from caffetools.proto.message import Message

Shape: TypeAlias = "tuple[int, ...]"

INT_MAX = 2**31 - 1
MAX_AXES = 32
"""Caffe's kMaxBlobAxes (blob.hpp)."""


class Blobs(NamedTuple):
    """Range of the number of bottoms or tops that a layer may have."""

    least: int
    most: int | None = None

    def __str__(self) -> str:
        if self.most is None:
            return f"at least {self.least}"
        if self.least == self.most:
            return str(self.least) if self.least else "no"
        return f"{self.least} to {self.most}" if self.least else f"at most {self.most}"

    def mismatch(self, what: str, found: int) -> str:
        """Return what is expected and found for a number out of range, else an empty text."""
        if self.least <= found and (self.most is None or found <= self.most):
            return ""
        plural = "" if (self.least if self.most is None else self.most) == 1 else "s"
        return f"expects {self} {what}{plural}, found {found}"


def exactly(count: int) -> Blobs:
    """Exactly `count` blobs.

    Examples
    --------
    >>> str(exactly(2))
    '2'
    """
    return Blobs(count, count)


def at_least(count: int) -> Blobs:
    """At least `count` blobs.

    Examples
    --------
    >>> str(at_least(1))
    'at least 1'
    """
    return Blobs(count)


def between(least: int, most: int) -> Blobs:
    """From `least` to `most` blobs, both included.

    Examples
    --------
    >>> str(between(1, 2))
    '1 to 2'
    """
    return Blobs(least, most)


class Step(NamedTuple):
    """One line of an explanation.

    Attributes
    ----------
    name : str
        Name of the result: an axis, a parameter, `multiply-accumulates`, …
    formula : str
        Python expression of numbers, `floor`, `ceil`, `trunc` and `max`.
    value : int
        Value of `formula`.

    Examples
    --------
    >>> Step("height", "(28 - 5 + 2*0) / 1 + 1", 24).value
    24
    """

    name: str
    formula: str
    value: int


def count(shape: Shape) -> int:
    """Return the number of elements of a shape, 1 for a scalar."""
    total = 1
    for extent in shape:
        total *= extent
    return total


def product(name: str, factors: Shape) -> Step:
    """Return a step that multiplies extents: `96 * 3 * 11 * 11`."""
    return Step(name, " * ".join(map(str, factors)) if factors else "1", count(factors))


def canonical_axis(axis: int, shape: Shape, message: Message, name: str = "axis") -> int:
    """Return `axis` counted from the front; ShapeError if it is out of range (blob.hpp)."""
    if not -len(shape) <= axis < len(shape):
        raise message.error(f"axis {axis} is out of range for a blob of shape {dims(shape)}", name)
    return axis + len(shape) if axis < 0 else axis


def dims(shape: Shape | None) -> str:
    """Format a shape: `1 x 3 x 227 x 227`, or `unknown`."""
    if shape is None:
        return "unknown"
    return " x ".join(map(str, shape)) if shape else "scalar"


def check_shape(shape: Shape, what: str) -> None:
    """Raise ShapeError for a shape that Caffe's Blob::Reshape refuses (blob.cpp)."""
    if len(shape) > MAX_AXES:
        raise ShapeError(f"{what} would have {len(shape)} axes, more than {MAX_AXES}")
    total = 1
    for extent in shape:
        if extent < 0:
            raise ShapeError(f"{what} would have the negative extent {extent} ({dims(shape)})")
        if total and extent > INT_MAX // total:
            raise ShapeError(f"{what} would have more than 2^31 - 1 elements ({dims(shape)})")
        total *= extent
