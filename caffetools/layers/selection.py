"""Layers that select elements or items of their bottoms."""

from __future__ import annotations

from caffetools.errors import ShapeError
from caffetools.layers.base import Facts, Layer, Spec
from caffetools.layers.blobs import Shape, Step, at_least, exactly, product
from caffetools.layers.checks import (
    check_axes,
    check_int,
    check_not_empty,
    four_axes,
    mismatch,
    read_integer,
)
from caffetools.layers.window import Window, axis_name


class Crop(Layer):
    """Crops the first bottom to the extents of the second from `axis` on (crop_layer.cpp).

    `offset` is given once or once per cropped axis, and 0 by default.
    """

    type = "Crop"
    param_name = "crop_param"
    bottoms = exactly(2)
    data_bottoms = 1

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.given = self.param.integers("offset")
        check_int(self.param, "offset")

    def offsets(self, bottom: Shape) -> list[int | None]:
        """Return the offset along each axis, None for an axis that is not cropped."""
        axis = self.axis_of(bottom)
        cropped = len(bottom) - axis
        if len(self.given) > 1 and len(self.given) != cropped:
            expected = f"expected offset once or once for each of {cropped} axes"
            raise self.param.error(f"{expected}, found {len(self.given)}", "offset")
        offsets = self.given if len(self.given) > 1 else (self.given or [0]) * cropped
        return [None] * axis + [*offsets]

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom, size = bottoms
        offsets = self.offsets(bottom)
        if len(size) < len(bottom):
            raise mismatch(f"a second bottom of {len(bottom)} axes, as the first", size)
        top = list(bottom)
        for axis, offset in enumerate(offsets):
            if offset is None:
                continue
            top[axis] = size[axis]
            if offset + size[axis] > bottom[axis]:
                limit = f"extent {bottom[axis]} of axis {axis}"
                raise ShapeError(f"offset {offset} + {size[axis]} exceeds {limit}")
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


class AutoCrop(Layer):
    """(N, C, H, W) -> (N, C, H', W'), the height and width of the second (auto_crop_layer.cpp).

    The layers between the bottoms and a blob that both follow from give the offset.
    """

    type = "AutoCrop"
    bottoms = exactly(2)
    data_bottoms = 1
    origin = "yun-liu/RCF"
    no_torch = "a Crop whose offset follows from other layers"

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        image, size = map(four_axes, bottoms)
        return Facts(((*image[:2], *size[2:]),))


class ArgMax(Layer):
    """The `top_k` largest elements or their indices (argmax_layer.cpp).

    With `axis`, along that axis. Without it, of each item: (N, …) -> (N, 1, top_k), or (N, 2,
    top_k) for indices and elements, with trailing axes of extent 1 up to the bottom's number.
    """

    type = "ArgMax"
    param_name = "argmax_param"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.top_k = read_integer(self.param, "top_k")
        self.both = self.param.flag("out_max_val")

    def axis(self, bottom: Shape) -> int | None:
        """Return the axis to search along, None for whole items."""
        return self.axis_of(bottom) if self.param.has("axis") else None

    def candidates(self, bottom: Shape) -> Step:
        """Return the number of elements to search."""
        axis = self.axis(bottom)
        return product("candidates", bottom[1:] if axis is None else bottom[axis : axis + 1])

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom, axis = bottoms[0], self.axis(bottoms[0])
        check_axes(bottom, 1)
        most = self.candidates(bottom).value
        if self.top_k > most:
            text = f"expected a top_k of at most {most}, found {self.top_k}"
            raise self.param.error(text, "top_k")
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
    """(N, …) and M indices -> (M, …), the indexed items (batch_reindex_layer.cpp)."""

    type = "BatchReindex"
    bottoms = exactly(2)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        items, indices = bottoms
        if len(indices) != 1:
            raise mismatch("indices of 1 axis", indices)
        return Facts(((*indices, *items[1:]),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        items, indices = bottoms
        return [product(axis_name(0, items), indices)]


class Filter(Layer):
    """The items of each bottom for which the last bottom is not 0 (filter_layer.cpp).

    Their number depends on the data: Caffe sets up the tops for all items.
    """

    type = "Filter"
    bottoms = at_least(2)
    tops = at_least(1)

    def __init__(self, spec: Spec) -> None:
        if len(spec.tops) != len(spec.bottoms) - 1:
            found = f"found {len(spec.bottoms)} bottoms and {len(spec.tops)} tops"
            text = f"expected a top for each bottom but the last, {found}"
            raise spec.message.error(text, "top")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        *items, selector = bottoms
        check_axes(selector, 1)
        if any(extent != 1 for extent in selector[1:]):
            raise mismatch("a selector with one number per item", selector)
        for bottom in items:
            if bottom[:1] != selector[:1]:
                raise mismatch(f"{selector[0]} items, as the selector has", bottom)
        check_not_empty(selector, selector)
        note = "the number of items depends on the data; Caffe sets up the tops for all"
        return Facts(tuple(items), notes=(note,))
