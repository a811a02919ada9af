"""Layers that pick some of the elements of their bottoms."""

from __future__ import annotations

from typing import ClassVar

from caffetools.errors import ShapeError
from caffetools.layers.base import (
    Blobs,
    Facts,
    Layer,
    Shape,
    Spec,
    Step,
    Window,
    at_least,
    canonical_axis,
    dims,
    exactly,
    product,
)
from caffetools.layers.checks import check_axes, check_int, check_not_empty
from caffetools.layers.window import axis_name


class Crop(Layer):
    """From `axis` on, a part of the first bottom with the extents of the second (crop_layer.cpp).

    The part begins at `offset`, which is given once or once for each of these axes; 0 by default.
    """

    type: ClassVar[str] = "Crop"
    bottoms: ClassVar[Blobs] = exactly(2)
    data_bottoms: ClassVar[int | None] = 1

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("crop_param")
        self.given = self.param.integers("offset")
        check_int(self.param, "offset")

    def offsets(self, bottom: Shape) -> list[int | None]:
        """Where the part begins along each axis; None where all is kept."""
        axis = canonical_axis(self.param.integer("axis"), bottom, self.param)
        cropped = len(bottom) - axis
        if len(self.given) > 1 and len(self.given) != cropped:
            raise self.param.error(
                f"expected offset once or once for each of {cropped} axes, found {len(self.given)}",
                "offset",
            )
        offsets = self.given if len(self.given) > 1 else (self.given or [0]) * cropped
        return [None] * axis + [*offsets]

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom, size = bottoms
        offsets = self.offsets(bottom)
        if len(size) < len(bottom):
            raise ShapeError(
                f"expected a second bottom of {len(bottom)} axes, as the first, found {dims(size)}"
            )
        top = list(bottom)
        for axis, offset in enumerate(offsets):
            if offset is None:
                continue
            top[axis] = size[axis]
            if offset + size[axis] > bottom[axis]:
                raise ShapeError(
                    f"axis {axis} has an extent of {bottom[axis]}, too little for "
                    f"{size[axis]} from offset {offset} on"
                )
        return Facts((tuple(top),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        bottom, size = bottoms
        return [
            Step(axis_name(axis, bottom), f"{offset + size[axis]} - {offset}", size[axis])
            for axis, offset in enumerate(self.offsets(bottom))
            if offset is not None
        ]

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window]:
        return [Window(1, pad=-(offset or 0)) for offset in self.offsets(bottoms[0])[2:]]


class ArgMax(Layer):
    """The `top_k` largest elements, or the places where they are (argmax_layer.cpp).

    With `axis`, along it, and the other axes stay. Without it, of each item: (N, …) -> (N, 1,
    top_k), or (N, 2, top_k) for places and elements both, followed by axes of extent 1 up to the
    number of the bottom's.
    """

    type: ClassVar[str] = "ArgMax"

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("argmax_param")
        self.top_k = self.param.integer("top_k")
        self.both = self.param.flag("out_max_val")
        if self.top_k == 0:
            raise self.param.error("expected a top_k of at least 1, found 0", "top_k")

    def axis(self, bottom: Shape) -> int | None:
        """The axis along which the largest are sought; None for all of an item."""
        if not self.param.has("axis"):
            return None
        return canonical_axis(self.param.integer("axis"), bottom, self.param)

    def candidates(self, bottom: Shape) -> Step:
        """The number of elements among which the largest are sought."""
        axis = self.axis(bottom)
        return product("candidates", bottom[1:] if axis is None else bottom[axis : axis + 1])

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom, axis = bottoms[0], self.axis(bottoms[0])
        check_axes(bottom, 1)
        if self.top_k > self.candidates(bottom).value:
            raise self.param.error(
                f"expected a top_k of at most {self.candidates(bottom).value}, found {self.top_k}",
                "top_k",
            )
        if axis is not None:
            return Facts(((*bottom[:axis], self.top_k, *bottom[axis + 1 :]),))
        rest = (1,) * (len(bottom) - 3)
        return Facts(((bottom[0], 2 if self.both else 1, self.top_k, *rest),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        bottom, axis = bottoms[0], self.axis(bottoms[0])
        (top,) = self.facts(bottoms).tops
        assert top is not None
        name = axis_name(2 if axis is None else axis, top)
        return [self.candidates(bottom), Step(name, str(self.top_k), self.top_k)]

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window] | None:
        axis = self.axis(bottoms[0])
        return None if axis is None or axis > 1 else []


class BatchReindex(Layer):
    """(N, …) and M indices -> (M, …), the items by index (batch_reindex_layer.cpp)."""

    type: ClassVar[str] = "BatchReindex"
    bottoms: ClassVar[Blobs] = exactly(2)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        items, indices = bottoms
        if len(indices) != 1:
            raise ShapeError(f"expected indices of 1 axis, found {dims(indices)}")
        return Facts(((*indices, *items[1:]),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        items, indices = bottoms
        return [product(axis_name(0, items), indices)]


class Filter(Layer):
    """The items for which the last bottom is not 0, of each of the others (filter_layer.cpp).

    How many there are is not known before the net runs: Caffe starts with all.
    """

    type: ClassVar[str] = "Filter"
    bottoms: ClassVar[Blobs] = at_least(2)
    tops: ClassVar[Blobs] = at_least(1)

    def __init__(self, spec: Spec) -> None:
        if len(spec.tops) != len(spec.bottoms) - 1:
            raise spec.message.error(
                f"expected a top for each bottom but the last, found {len(spec.bottoms)} bottoms "
                f"and {len(spec.tops)} tops",
                "top",
            )

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        *items, selector = bottoms
        check_axes(selector, 1)
        if any(extent != 1 for extent in selector[1:]):
            raise ShapeError(f"expected a selector of one number an item, found {dims(selector)}")
        for bottom in items:
            if bottom[:1] != selector[:1]:
                raise ShapeError(
                    f"expected as many items as the selector's {selector[0]}, found {dims(bottom)}"
                )
        check_not_empty(selector, selector)
        note = "how many items pass shows when the net runs: until then Caffe counts all"
        return Facts(tuple(items), notes=(note,))
