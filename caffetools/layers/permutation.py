"""Layers of forks that reorder the elements of a blob."""

from __future__ import annotations

from caffetools.layers.base import Facts, Layer, Spec
from caffetools.layers.blobs import Shape, Step, count, dims
from caffetools.layers.checks import check_not_in_place, four_axes, read_integer


class Permutation(Layer):
    """A layer whose spatial positions differ from those of its bottom."""

    is_global = True

    def check_axis(self, bottom: Shape, axis: int, name: str, index: int = -1) -> None:
        """Raise ShapeError for an axis that the bottom lacks; it cannot be negative."""
        if not 0 <= axis < len(bottom):
            raise self.param.error(f"expected an axis of {dims(bottom)}, found {axis}", name, index)


class Permute(Permutation):
    """Axes in the given `order`, the others after them (permute_layer.cpp)."""

    type = "Permute"
    param_name = "permute_param"
    origin = "weiliu89/caffe"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.order = self.param.integers("order")
        for index, axis in enumerate(self.order):
            if axis in self.order[:index]:
                raise self.param.error(f"axis {axis} is in the order twice", "order", index)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        for index, axis in enumerate(self.order):
            self.check_axis(bottom, axis, "order", index)
        rest = (axis for axis in range(len(bottom)) if axis not in self.order)
        return Facts((tuple(bottom[axis] for axis in (*self.order, *rest)),))


class Transpose(Permutation):
    """Axes in the order of `dim`, which lists all (transpose_layer.cpp of tianzhi0549/CTPN).

    In Winstonxu123/LSTM-CF `shape` is the shape of the top.
    """

    type = "Transpose"
    param_name = "transpose_param"
    origin = "tianzhi0549/CTPN"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.dim = self.param.integers("dim")
        self.reshapes = self.param.has("shape")
        if not self.reshapes:
            check_not_in_place(spec)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        if self.reshapes:
            return Facts((self.reshaped(bottom),))
        if not bottom or len(self.dim) != len(bottom):
            text = f"expected a dim for each axis of {dims(bottom)}, found {len(self.dim)}"
            raise self.param.error(text, "dim")
        for index, axis in enumerate(self.dim):
            self.check_axis(bottom, axis, "dim", index)
        return Facts((tuple(bottom[axis] for axis in self.dim),))

    def reshaped(self, bottom: Shape) -> Shape:
        """Return `shape`; ShapeError unless it has as many elements as the bottom."""
        top = tuple(self.param.message("shape").integers("dim"))
        if count(top) != count(bottom):
            expected = f"expected {count(bottom)} elements, as {dims(bottom)} has"
            raise self.param.error(f"{expected}, found {count(top)} ({dims(top)})", "shape")
        return top


class Reverse(Permutation):
    """The elements along `axis` in the opposite order (reverse_layer.cpp)."""

    type = "Reverse"
    origin = "tianzhi0549/CTPN"

    def __init__(self, spec: Spec) -> None:
        check_not_in_place(spec)
        self.param = spec.param("reverse_param")
        self.axis = self.param.integer("axis")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        self.check_axis(bottoms[0], self.axis, "axis")
        return Facts(bottoms)


class Flip(Permutation):
    """Images mirrored, by default from left to right (flip_layer.cpp)."""

    type = "Flip"
    origin = "happynear/caffe-windows"


class ShuffleChannel(Layer):
    """(N, C, H, W), the channels of the groups interleaved (shuffle_channel_layer.cpp)."""

    type = "ShuffleChannel"
    origin = "farmingyard/ShuffleNet"

    def __init__(self, spec: Spec) -> None:
        self.group = read_integer(spec.param("shuffle_channel_param"), "group")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        top = four_axes(bottoms[0])
        if top[1] % self.group == 0:
            return Facts((top,))
        note = f"{top[1]} channels do not divide into {self.group} groups: forward fails"
        return Facts((top,), notes=(note,))


class Reorg(Permutation):
    """(N, C, H, W) -> (N, C · stride², H / stride, W / stride) (reorg_layer.cpp).

    `reverse` inverts it. Integer divisions drop the remainder, as in C++.
    """

    type = "Reorg"
    origin = "intel/caffe"

    def __init__(self, spec: Spec) -> None:
        check_not_in_place(spec)
        param = spec.param("reorg_param")
        self.stride = read_integer(param, "stride")
        self.reverse = param.flag("reverse")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = four_axes(bottoms[0])
        top = (bottom[0], *(step.value for step in self.explain(bottoms)))
        if count(top) == count(bottom):
            return Facts((top,))
        return Facts((top,), notes=(f"the top drops elements of {dims(bottom)}",))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        names = ("channels", "height", "width")
        factors = (self.stride**2, self.stride, self.stride)
        return [
            self.step(name, extent, factor, grows=(name == "channels") != self.reverse)
            for name, extent, factor in zip(names, four_axes(bottoms[0])[1:], factors, strict=True)
        ]

    def step(self, name: str, extent: int, factor: int, *, grows: bool) -> Step:
        """Return the arithmetic of one axis."""
        if grows:
            return Step(name, f"{extent} * {factor}", extent * factor)
        quotient = f"{extent} / {factor}"
        return Step(name, f"floor({quotient})" if extent % factor else quotient, extent // factor)
