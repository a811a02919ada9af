"""Layers that concatenate, slice, copy or consume blobs."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

from caffetools.errors import ShapeError
from caffetools.layers.base import Facts, Layer, Spec
from caffetools.layers.blobs import Shape, Step, at_least, canonical_axis, exactly
from caffetools.layers.checks import check_not_empty, check_not_in_place, mismatch
from caffetools.layers.window import axis_name


class HDF5Output(Layer):
    """Writes its bottoms to a file, the data and the labels (hdf5_output_layer.cpp)."""

    type = "HDF5Output"
    bottoms = exactly(2)
    tops = exactly(0)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        return Facts(())


class AxisLayer(Layer):
    """A layer that joins or parts its bottoms along `axis`, or the older field that it replaced."""

    mixes_axis = True
    old_axis: ClassVar[str]
    """The older field, which cannot be negative."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        if self.param.has("axis") and self.param.has(self.old_axis):
            text = f"expected either axis or {self.old_axis}, found both"
            raise self.param.error(text, self.old_axis)

    def axis_of(self, bottom: Shape) -> int:
        name = self.old_axis if self.param.has(self.old_axis) else "axis"
        return canonical_axis(self.param.integer(name), bottom, self.param, name)


class Concat(AxisLayer):
    """Concatenation along the one axis where the bottoms may differ (concat_layer.cpp)."""

    type = "Concat"
    param_name = "concat_param"
    old_axis = "concat_dim"
    bottoms = at_least(1)

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.shares_data = len(spec.bottoms) == 1

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        first = bottoms[0]
        axis = self.axis_of(first)
        for bottom in bottoms[1:]:
            if bottom[:axis] + bottom[axis + 1 :] != first[:axis] + first[axis + 1 :]:
                raise mismatch(f"bottoms of one shape but for axis {axis}", first, bottom)
        if len(bottoms) == 1:
            check_not_empty(first, first)
        extent = sum(bottom[axis] for bottom in bottoms)
        return Facts(((*first[:axis], extent, *first[axis + 1 :]),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        axis = self.axis_of(bottoms[0])
        extents = [bottom[axis] for bottom in bottoms]
        name = axis_name(axis, bottoms[0])
        return [Step(name, " + ".join(map(str, extents)), sum(extents))]


class Slice(AxisLayer):
    """Splits along an axis, at each `slice_point` or into equal parts (slice_layer.cpp)."""

    type = "Slice"
    param_name = "slice_param"
    old_axis = "slice_dim"
    tops = at_least(1)

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.points = self.param.integers("slice_point")
        if self.points and len(self.points) != self.top_count - 1:
            found = f"found {len(self.points)} and {self.top_count}"
            text = f"expected one slice_point less than tops, {found}"
            raise self.param.error(text, "slice_point")
        self.shares_data = self.top_count == 1
        if not self.shares_data:
            check_not_in_place(spec)

    def bounds(self, bottom: Shape, axis: int) -> list[int]:
        """Return the bounds of the parts, from 0 to the extent; ShapeError if there are none."""
        extent, tops = bottom[axis], self.top_count
        if not self.points:
            if extent % tops:
                text = f"the extent {extent} of axis {axis} does not divide into {tops} tops"
                raise ShapeError(text)
            return [part * (extent // tops) for part in range(tops + 1)]
        if tops > extent:
            raise ShapeError(f"{tops} tops exceed the extent {extent} of axis {axis}")
        bounds = [0, *self.points]
        for index, point in enumerate(self.points):
            if not bounds[index] < point <= extent:
                expected = f"a slice_point above {bounds[index]} and of at most {extent}"
                text = f"expected {expected}, found {point}"
                raise self.param.error(text, "slice_point", index)
        return [*bounds, extent]

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        axis = self.axis_of(bottom)
        bounds = self.bounds(bottom, axis)
        if self.top_count == 1:
            check_not_empty(bottom, bottom)
        extents = [end - start for start, end in pairwise(bounds)]
        tops = tuple((*bottom[:axis], extent, *bottom[axis + 1 :]) for extent in extents)
        empty = self.points and bounds[-1] == bounds[-2]
        return Facts(tops, notes=("the last top is empty",) if empty else ())

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        bottom = bottoms[0]
        axis = self.axis_of(bottom)
        name, bounds = axis_name(axis, bottom), self.bounds(bottom, axis)
        if not self.points:
            return [Step(name, f"{bottom[axis]} / {self.top_count}", bounds[1])]
        return [
            Step(f"{name} of top {index}", f"{end} - {start}", end - start)
            for index, (start, end) in enumerate(pairwise(bounds))
        ]


class Split(Layer):
    """Copies of the bottom; Caffe inserts such layers (split_layer.cpp)."""

    type = "Split"
    shares_data = True
    tops = at_least(1)

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        check_not_in_place(spec)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        return Facts(bottoms * self.top_count)


class Silence(Layer):
    """Consumes bottoms, which are then no outputs of the net (silence_layer.cpp)."""

    type = "Silence"
    bottoms = at_least(1)
    tops = exactly(0)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        return Facts(())
