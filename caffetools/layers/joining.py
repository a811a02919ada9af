"""Layers that concatenate, slice, copy or consume blobs."""

from __future__ import annotations

from itertools import pairwise

from caffetools.errors import ShapeError
from caffetools.layers.base import Facts, Layer, Spec
from caffetools.layers.blobs import Shape, Step, at_least, canonical_axis, exactly
from caffetools.layers.checks import check_not_empty, check_not_in_place, mismatch
from caffetools.layers.window import Window, axis_name
from caffetools.proto.message import Message


class HDF5Output(Layer):
    """Writes its bottoms to a file, the data and the labels (hdf5_output_layer.cpp)."""

    type = "HDF5Output"
    bottoms = exactly(2)
    tops = exactly(0)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        return Facts(())


class Concat(Layer):
    """Concatenation along the one axis where the bottoms may differ (concat_layer.cpp)."""

    type = "Concat"
    param_name = "concat_param"
    bottoms = at_least(1)

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        check_one_axis(self.param, "concat_dim")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        first = bottoms[0]
        axis = joined_axis(self.param, "concat_dim", first)
        for bottom in bottoms[1:]:
            if bottom[:axis] + bottom[axis + 1 :] != first[:axis] + first[axis + 1 :]:
                raise mismatch(f"bottoms of one shape but for axis {axis}", first, bottom)
        if len(bottoms) == 1:
            check_not_empty(first, first)
        extent = sum(bottom[axis] for bottom in bottoms)
        return Facts(((*first[:axis], extent, *first[axis + 1 :]),))

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window] | None:
        return None if joined_axis(self.param, "concat_dim", bottoms[0]) >= 2 else []

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        axis = joined_axis(self.param, "concat_dim", bottoms[0])
        extents = [bottom[axis] for bottom in bottoms]
        name = axis_name(axis, bottoms[0])
        return [Step(name, " + ".join(map(str, extents)), sum(extents))]


class Slice(Layer):
    """Splits along an axis, at each `slice_point` or into equal parts (slice_layer.cpp)."""

    type = "Slice"
    param_name = "slice_param"
    tops = at_least(1)

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.points = self.param.integers("slice_point")
        check_one_axis(self.param, "slice_dim")
        if self.points and len(self.points) != self.top_count - 1:
            raise self.param.error(
                f"expected one slice_point less than tops, found {len(self.points)} "
                f"and {self.top_count}",
                "slice_point",
            )
        if self.top_count > 1:
            check_not_in_place(spec)

    def bounds(self, bottom: Shape, axis: int) -> list[int]:
        """Return the bounds of the parts, from 0 to the extent; ShapeError if there are none."""
        extent, tops = bottom[axis], self.top_count
        if not self.points:
            if extent % tops:
                raise ShapeError(
                    f"the extent {extent} of axis {axis} does not divide into {tops} tops"
                )
            return [part * (extent // tops) for part in range(tops + 1)]
        if tops > extent:
            raise ShapeError(f"{tops} tops exceed the extent {extent} of axis {axis}")
        bounds = [0, *self.points]
        for index, point in enumerate(self.points):
            if not bounds[index] < point <= extent:
                raise self.param.error(
                    f"expected a slice_point above {bounds[index]} and of at most {extent}, "
                    f"found {point}",
                    "slice_point",
                    index,
                )
        return [*bounds, extent]

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        axis = joined_axis(self.param, "slice_dim", bottom)
        bounds = self.bounds(bottom, axis)
        if self.top_count == 1:
            check_not_empty(bottom, bottom)
        tops = tuple(
            (*bottom[:axis], end - start, *bottom[axis + 1 :]) for start, end in pairwise(bounds)
        )
        empty = self.points and bounds[-1] == bounds[-2]
        return Facts(tops, notes=("the last top is empty",) if empty else ())

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window] | None:
        return None if joined_axis(self.param, "slice_dim", bottoms[0]) >= 2 else []

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        bottom = bottoms[0]
        axis = joined_axis(self.param, "slice_dim", bottom)
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


def check_one_axis(param: Message, old_name: str) -> None:
    """Raise ShapeError for both `axis` and the older field that it replaced."""
    if param.has("axis") and param.has(old_name):
        raise param.error(f"expected either axis or {old_name}, found both", old_name)


def joined_axis(param: Message, old_name: str, bottom: Shape) -> int:
    """Return the axis of `axis` or of the older field, which cannot be negative."""
    name = old_name if param.has(old_name) else "axis"
    return canonical_axis(param.integer(name), bottom, param, name)
