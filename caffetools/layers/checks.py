"""Checks of options and shapes that several layer types share."""

from __future__ import annotations

from collections.abc import Sequence

from caffetools.errors import ShapeError
from caffetools.layers.base import Spec
from caffetools.layers.blobs import INT_MAX, Blobs, Shape, count, dims
from caffetools.proto.message import Message


def mismatch(expected: str, *found: Shape) -> ShapeError:
    """Return the error for bottoms whose shapes are not as expected."""
    return ShapeError(f"expected {expected}, found {' and '.join(map(dims, found))}")


def four_axes(shape: Shape) -> Shape:
    """num, channels, height and width, 1 where the blob has no such axis (blob.hpp, LegacyShape).

    Raises ShapeError for more than four axes.
    """
    check_axes(shape, 0, 4)
    return shape + (1,) * (4 - len(shape))


def check_not_in_place(spec: Spec) -> None:
    """Raise ShapeError if the layer computes in place."""
    if spec.in_place():
        found = f"found {spec.tops[0]!a} as bottom and top"
        text = f"{spec.message.text('type')} cannot compute in place, {found}"
        raise spec.message.error(text, "top", 0)


def check_not_empty(extents: Shape, bottom: Shape) -> None:
    """Raise ShapeError if one of these extents of the bottom is 0.

    They are those of a buffer that the layer fills in its setup. A blob without elements has no
    memory, and Caffe aborts on access (blob.cpp, CHECK(data_)).
    """
    if count(extents) == 0:
        raise mismatch("a bottom that is not empty", bottom)


def check_axes(bottom: Shape, least: int, most: int | None = None) -> None:
    """Raise ShapeError for a bottom with too few or too many axes."""
    if len(bottom) < least or (most is not None and len(bottom) > most):
        axes = "axis" if (least if most is None else most) == 1 else "axes"
        raise mismatch(f"a bottom of {Blobs(least, most)} {axes}", bottom)


def check_int(param: Message, name: str) -> None:
    """Raise ShapeError for a value of an unsigned field that exceeds Caffe's int."""
    for index, value in enumerate(param.integers(name)):
        if value > INT_MAX:
            raise param.error(f"expected {name} below 2^31, found {value}", name, index)


def positions(scores: Shape, axis: int) -> Shape:
    """Return the shape of the labels: all axes of the scores but that of the classes."""
    return scores[:axis] + scores[axis + 1 :]


def check_labels(scores: Shape, labels: Shape, axis: int) -> None:
    """Raise ShapeError unless there is one label for each prediction."""
    predictions = positions(scores, axis)
    if count(predictions) != count(labels):
        raise ShapeError(
            f"expected a label for each of {count(predictions)} predictions ({dims(predictions)}), "
            f"found {count(labels)} ({dims(labels)})"
        )


def read_integer(param: Message, name: str, least: int = 1) -> int:
    """Return an integer option; ShapeError unless it is at least `least` and fits Caffe's int."""
    check_int(param, name)
    if param.integer(name) < least:
        raise param.error(f"expected {name} of at least {least}, found {param.integer(name)}", name)
    return param.integer(name)


def check_positive(param: Message, name: str) -> None:
    """Raise ShapeError for a number that is not above 0."""
    for index, value in enumerate(param.numbers(name)):
        if not value > 0:
            raise param.error(f"expected {name} over 0, found {value:g}", name, index)


def check_equal_shapes(bottoms: Sequence[Shape]) -> None:
    """Raise ShapeError unless all bottoms have the same shape."""
    for bottom in bottoms[1:]:
        if bottom != bottoms[0]:
            raise mismatch("bottoms of one shape", bottoms[0], bottom)
