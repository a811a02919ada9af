"""Layers that change the axes of a blob, repeat it or sum over axes."""

from __future__ import annotations

from caffetools.errors import CaffeToolsError
from caffetools.layers.base import Facts, Layer, Spec
from caffetools.layers.blobs import INT_MAX, Shape, Step, canonical_axis, count, dims, product
from caffetools.layers.checks import check_not_empty, check_not_in_place, read_integer
from caffetools.layers.window import Window, axis_name


class Reshape(Layer):
    """Replaces `num_axes` axes from `axis` on by those of `shape`, not in place.

    In `shape` 0 copies the extent of the bottom, and one -1 is inferred (reshape_layer.cpp). The
    user's shape of the top replaces all axes: nets are found that fix the batch size here.
    """

    type = "Reshape"
    ignores_propagate_down = True
    shares_data = True

    def __init__(self, spec: Spec) -> None:
        check_not_in_place(spec)
        self.param = spec.param("reshape_param")
        self.shape = self.param.message("shape")
        self.override = spec.options.input_shapes.get(spec.tops[0])
        self.given = self.shape.integers("dim") if self.override is None else [*self.override]
        for index, extent in enumerate(self.given):
            if not -1 <= extent <= INT_MAX:
                text = f"expected -1, 0 or a dim below 2^31, found {extent}"
                raise self.shape.error(text, "dim", index)
        if self.given.count(-1) > 1:
            raise self.shape.error(f"expected one -1, found {self.given.count(-1)}", "dim")

    def replaced(self, bottom: Shape) -> tuple[int, int]:
        """Return the first replaced axis, and the one after the last."""
        if self.override is not None:
            return 0, len(bottom)
        axis, num_axes = self.param.integer("axis"), self.param.integer("num_axes")
        start = axis if axis >= 0 else len(bottom) + axis + 1
        if not 0 <= start <= len(bottom):
            raise self.param.error(f"axis {axis} is out of range for {dims(bottom)}", "axis")
        if num_axes == -1:
            return start, len(bottom)
        if num_axes < 0 or start + num_axes > len(bottom):
            expected = f"expected num_axes of 0 to {len(bottom) - start}, or -1 for all"
            raise self.param.error(f"{expected}, found {num_axes}", "num_axes")
        return start, start + num_axes

    def known(self, bottom: Shape) -> list[int]:
        """Return the extents of the top, -1 for the inferred one."""
        start, end = self.replaced(bottom)
        for index, extent in enumerate(self.given):
            if extent == 0 and start + index >= len(bottom):
                missing = f"{dims(bottom)} has no axis {start + index}"
                text = f"a dim of 0 copies an extent, but {missing}"
                raise self.shape.error(text, "dim", index)
        new = [extent or bottom[start + index] for index, extent in enumerate(self.given)]
        return [*bottom[:start], *new, *bottom[end:]]

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        top = self.known(bottom)
        check_not_empty(bottom, bottom)
        if -1 in self.given:
            rest = -count(tuple(top))
            if count(bottom) % rest:
                raise self.mismatch(bottom, f"are not divisible by the {rest} of the given extents")
            top[top.index(-1)] = count(bottom) // rest
        elif count(tuple(top)) != count(bottom):
            found = tuple(top)
            raise self.mismatch(bottom, f"do not match the {count(found)} of {dims(found)}")
        return Facts((tuple(top),))

    def mismatch(self, bottom: Shape, reason: str) -> CaffeToolsError:
        """Return the error for a shape with another number of elements."""
        return self.param.error(f"the {count(bottom)} elements of {dims(bottom)} {reason}", "shape")

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        steps = [product("elements", bottoms[0])]
        known = self.known(bottoms[0])
        if -1 in known:
            (top,) = self.facts(bottoms).tops
            assert top is not None
            index = known.index(-1)
            others = [str(extent) for extent in known if extent != -1]
            formula = " / ".join([str(count(bottoms[0])), *others])
            steps.append(Step(axis_name(index, top), formula, top[index]))
        return steps

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window] | None:
        return _kept_apart(bottoms[0], self.facts(bottoms).tops[0])


class Flatten(Layer):
    """Merges the axes from `axis` to `end_axis`, not in place (flatten_layer.cpp)."""

    type = "Flatten"
    ignores_propagate_down = True
    shares_data = True

    def __init__(self, spec: Spec) -> None:
        check_not_in_place(spec)
        self.param = spec.param("flatten_param")

    def flattened(self, bottom: Shape) -> tuple[int, int]:
        """Return the first merged axis, and the one after the last."""
        names, param = ("axis", "end_axis"), self.param
        start, last = (canonical_axis(param.integer(name), bottom, param, name) for name in names)
        if start > last + 1:
            raise self.param.error(f"axis {start} exceeds end_axis {last}", "axis")
        return start, last + 1

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        start, end = self.flattened(bottom)
        new = "end_axis is just before axis: nothing is flattened, an axis of extent 1 is inserted"
        top = (*bottom[:start], count(bottom[start:end]), *bottom[end:])
        return Facts((top,), notes=(new,) if start == end else ())

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        start, end = self.flattened(bottoms[0])
        (top,) = self.facts(bottoms).tops
        assert top is not None
        return [product(axis_name(start, top), bottoms[0][start:end])]

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window] | None:
        return _kept_apart(bottoms[0], self.facts(bottoms).tops[0])


class Tile(Layer):
    """The bottom, repeated `tiles` times along an axis (tile_layer.cpp)."""

    type = "Tile"
    param_name = "tile_param"
    mixes_axis = True

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.tiles = read_integer(self.param, "tiles")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom, axis = bottoms[0], self.axis_of(bottoms[0])
        return Facts(((*bottom[:axis], bottom[axis] * self.tiles, *bottom[axis + 1 :]),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        bottom, axis = bottoms[0], self.axis_of(bottoms[0])
        return [product(axis_name(axis, bottom), (bottom[axis], self.tiles))]


class Reduction(Layer):
    """(M…, K…) -> (M…): K… are the axes from `axis` on, all by default (reduction_layer.cpp)."""

    type = "Reduction"
    param_name = "reduction_param"
    is_global = True

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.operation = self.param.text("operation")
        self.gradient_reads = () if self.operation in ("SUM", "MEAN") else ("bottom",)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom, axis = bottoms[0], self.axis_of(bottoms[0])
        if self.operation in ("SUM", "MEAN"):
            check_not_empty(bottom[axis:], bottom)
        return Facts((bottom[:axis],))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        bottom, axis = bottoms[0], self.axis_of(bottoms[0])
        return [product("sums", bottom[:axis]), product("terms of each", bottom[axis:])]


def _kept_apart(bottom: Shape, top: Shape | None) -> list[Window] | None:
    """Return the windows of a layer that keeps the spatial axes or mixes all of them."""
    return [] if top is not None and top[2:] == bottom[2:] else None
