"""Layers that give the elements of their bottom other axes, or repeat them."""

from __future__ import annotations

from typing import ClassVar

from caffetools.errors import CaffeToolsError
from caffetools.layers.base import (
    INT_MAX,
    Facts,
    Layer,
    Shape,
    Spec,
    Step,
    Window,
    canonical_axis,
    count,
    dims,
    product,
)
from caffetools.layers.checks import check_not_empty, check_not_in_place
from caffetools.layers.window import axis_name


class Reshape(Layer):
    """The axes from `axis` on, `num_axes` of them or all, become those of `shape`, not in place.

    In `shape` a 0 keeps the bottom's extent at its place, and one -1 takes what is left
    (reshape_layer.cpp).
    """

    type: ClassVar[str] = "Reshape"

    def __init__(self, spec: Spec) -> None:
        check_not_in_place(spec)
        self.param = spec.param("reshape_param")
        self.shape = self.param.message("shape")
        self.given = self.shape.integers("dim")
        for index, extent in enumerate(self.given):
            if not -1 <= extent <= INT_MAX:
                raise self.shape.error(
                    f"expected -1, 0 or a dim below 2^31, found {extent}", "dim", index
                )
        if self.given.count(-1) > 1:
            raise self.shape.error(f"expected one -1, found {self.given.count(-1)}", "dim")

    def replaced(self, bottom: Shape) -> tuple[int, int]:
        """The first of the axes that are replaced, and the one behind them."""
        axis, num_axes = self.param.integer("axis"), self.param.integer("num_axes")
        start = axis if axis >= 0 else len(bottom) + axis + 1
        if not 0 <= start <= len(bottom):
            raise self.param.error(f"axis {axis} is out of range for {dims(bottom)}", "axis")
        if num_axes == -1:
            return start, len(bottom)
        if num_axes < 0 or start + num_axes > len(bottom):
            raise self.param.error(
                f"expected num_axes of 0 to {len(bottom) - start}, or -1 for all, found {num_axes}",
                "num_axes",
            )
        return start, start + num_axes

    def known(self, bottom: Shape) -> list[int]:
        """The extents of the top, -1 where one is inferred."""
        start, end = self.replaced(bottom)
        for index, extent in enumerate(self.given):
            if extent == 0 and start + index >= len(bottom):
                raise self.shape.error(
                    f"a dim of 0 keeps the bottom's extent, and {dims(bottom)} "
                    f"has no axis {start + index}",
                    "dim",
                    index,
                )
        new = [extent or bottom[start + index] for index, extent in enumerate(self.given)]
        return [*bottom[:start], *new, *bottom[end:]]

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        top = self.known(bottom)
        check_not_empty(bottom, bottom)
        if -1 in self.given:
            rest = -count(tuple(top))
            if count(bottom) % rest:
                raise self.mismatch(bottom, f"do not divide by the given extents' {rest}")
            top[top.index(-1)] = count(bottom) // rest
        elif count(tuple(top)) != count(bottom):
            raise self.mismatch(bottom, f"are not the {count(tuple(top))} of {dims(tuple(top))}")
        return Facts((tuple(top),))

    def mismatch(self, bottom: Shape, reason: str) -> CaffeToolsError:
        """The error for a shape that does not take up all elements."""
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
    """The axes from `axis` to `end_axis` become one, not in place (flatten_layer.cpp)."""

    type: ClassVar[str] = "Flatten"

    def __init__(self, spec: Spec) -> None:
        check_not_in_place(spec)
        self.param = spec.param("flatten_param")

    def flattened(self, bottom: Shape) -> tuple[int, int]:
        """The first of the axes that become one, and the one behind them."""
        start, last = (
            canonical_axis(self.param.integer(name), bottom, self.param, name)
            for name in ("axis", "end_axis")
        )
        if start > last + 1:
            raise self.param.error(f"axis {start} lies behind end_axis {last}", "axis")
        return start, last + 1

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        start, end = self.flattened(bottom)
        new = "end_axis lies just before axis: nothing is flattened, an axis of extent 1 is put in"
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

    type: ClassVar[str] = "Tile"

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("tile_param")
        self.tiles = self.param.integer("tiles")
        if self.tiles < 1:
            raise self.param.error(f"expected tiles of at least 1, found {self.tiles}", "tiles")

    def axis(self, bottom: Shape) -> int:
        """The axis along which the bottom is repeated."""
        return canonical_axis(self.param.integer("axis"), bottom, self.param)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom, axis = bottoms[0], self.axis(bottoms[0])
        return Facts(((*bottom[:axis], bottom[axis] * self.tiles, *bottom[axis + 1 :]),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        bottom, axis = bottoms[0], self.axis(bottoms[0])
        return [product(axis_name(axis, bottom), (bottom[axis], self.tiles))]

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window] | None:
        return [] if self.axis(bottoms[0]) < 2 else None


def _kept_apart(bottom: Shape, top: Shape | None) -> list[Window] | None:
    """The windows of a layer that keeps the axes behind the second, or else mixes all."""
    return [] if top is not None and top[2:] == bottom[2:] else None
