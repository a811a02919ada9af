"""What layers of several types refuse alike."""

from __future__ import annotations

from caffetools.errors import ShapeError
from caffetools.layers.base import INT_MAX, Blobs, Shape, Spec, count, dims
from caffetools.proto.message import Message


def check_not_in_place(spec: Spec) -> None:
    """Raise ShapeError for a layer whose top is its bottom."""
    if spec.in_place():
        raise spec.message.error(
            f"a {spec.message.text('type')} layer cannot compute in place, "
            f"found {spec.tops[0]!a} as its bottom and its top",
            "top",
            0,
        )


def check_not_empty(extents: Shape, bottom: Shape) -> None:
    """Raise ShapeError where one of these extents of the bottom is 0.

    They are those of a buffer that the layer fills when it is set up. A blob without elements has
    no memory, and Caffe aborts where it is asked for (blob.cpp, CHECK(data_)).
    """
    if count(extents) == 0:
        raise ShapeError(f"expected a bottom that is not empty, found {dims(bottom)}")


def check_axes(bottom: Shape, least: int, most: int | None = None) -> None:
    """Raise ShapeError for a bottom with fewer or more axes."""
    if len(bottom) < least or (most is not None and len(bottom) > most):
        axes = "axis" if (least if most is None else most) == 1 else "axes"
        raise ShapeError(f"expected a bottom of {Blobs(least, most)} {axes}, found {dims(bottom)}")


def check_int(param: Message, name: str) -> None:
    """Raise ShapeError for a value of an unsigned field that Caffe's int would not hold."""
    for index, value in enumerate(param.integers(name)):
        if value > INT_MAX:
            raise param.error(f"expected {name} below 2^31, found {value}", name, index)
