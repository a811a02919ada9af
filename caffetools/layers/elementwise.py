"""Element-wise sums, products and maxima, of equal shapes or broadcast."""

from __future__ import annotations

from caffetools.layers.base import Facts, Layer, Param, Spec
from caffetools.layers.blobs import (
    Shape,
    Step,
    at_least,
    between,
    canonical_axis,
    count,
    dims,
    exactly,
    product,
)
from caffetools.layers.checks import check_equal_shapes, check_not_empty, mismatch
from caffetools.layers.fillers import check_filler
from caffetools.proto.message import Message


class Axpy(Layer):
    """a · x + y: (N, C, 1, 1), (N, C, …), (N, C, …) -> (N, C, …) (axpy_layer.cpp)."""

    type = "Axpy"
    bottoms = exactly(3)
    origin = "hujie-frank/SENet"

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        factors, first, second = bottoms
        if first != second:
            raise mismatch("a second and third bottom of one shape", first, second)
        spread = factors[2:] if len(factors) == 4 else ()
        if (
            min(len(factors), len(first)) < 2
            or factors[:2] != first[:2]
            or spread not in ((), (1, 1))
        ):
            raise mismatch(f"a factor for each channel of {dims(first)}", factors)
        return Facts((first,))


class Eltwise(Layer):
    """Weighted sum, product or maximum of bottoms of one shape (eltwise_layer.cpp)."""

    type = "Eltwise"
    bottoms = at_least(2)

    def __init__(self, spec: Spec) -> None:
        param = spec.param("eltwise_param")
        self.operation = param.text("operation")
        self.coefficients = param.count("coeff")
        if self.coefficients not in (0, len(spec.bottoms)):
            raise param.error(
                f"expected a coeff for each of {len(spec.bottoms)} bottoms, "
                f"found {self.coefficients}",
                "coeff",
            )
        if self.coefficients and self.operation == "PROD":
            raise param.error("coeff expected SUM, found PROD", "coeff")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        check_equal_shapes(bottoms)
        ignored = self.coefficients and self.operation == "MAX"
        return Facts(bottoms[:1], notes=("coeff is not read by MAX",) if ignored else ())


class Scale(Layer):
    """The first bottom times a scale, broadcast over missing axes (scale_layer.cpp).

    The scale is the second bottom or, without one, a blob with the extents of `num_axes` axes from
    `axis` on. `bias_term` adds a bias of the same shape, a blob.
    """

    type = "Scale"
    param_name = "scale_param"
    bottoms = between(1, 2)

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.bias = self.param.flag("bias_term")

    def params(self, bottoms: tuple[Shape, ...]) -> list[Param]:
        """Return the parameters."""
        num_axes = len(bottoms[1]) if len(bottoms) > 1 else self.param.integer("num_axes")
        roles = (["scale"] if len(bottoms) == 1 else []) + (["bias"] if self.bias else [])
        return [Param(role, operand(self.param, bottoms[0], num_axes)) for role in roles]

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        if len(bottoms) > 1:
            check_operand(self.param, *bottoms)
        params = self.params(bottoms)
        notes: tuple[str, ...] = ()
        for param in params:
            name = "bias_filler" if param.role == "bias" else "filler"
            notes += check_filler(self.param.message(name), param)
        scale = bottoms[1] if len(bottoms) > 1 else params[0].shape
        outer, inner = around(self.param, bottoms[0], scale)
        check_not_empty((inner if self.bias else max(outer, inner),), bottoms[0])
        return Facts(bottoms[:1], tuple(params), notes=notes)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return [product(param.role, param.shape) for param in self.params(bottoms)]


class Bias(Layer):
    """The first bottom plus a bias, broadcast over missing axes (bias_layer.cpp).

    The bias is the second bottom or, without one, a blob with the extents of `num_axes` axes from
    `axis` on.
    """

    type = "Bias"
    param_name = "bias_param"
    bottoms = between(1, 2)

    def params(self, bottoms: tuple[Shape, ...]) -> tuple[Param, ...]:
        """Return the parameter, if any."""
        if len(bottoms) > 1:
            return ()
        return (Param("bias", operand(self.param, bottoms[0], self.param.integer("num_axes"))),)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        if len(bottoms) > 1:
            check_operand(self.param, *bottoms)
        params = self.params(bottoms)
        notes = check_filler(self.param.message("filler"), params[0]) if params else ()
        bias = params[0].shape if params else bottoms[1]
        _, inner = around(self.param, bottoms[0], bias)
        check_not_empty((inner,), bottoms[0])
        return Facts(bottoms[:1], params, notes=notes)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return [product(param.role, param.shape) for param in self.params(bottoms)]


def operand(param: Message, bottom: Shape, num_axes: int) -> Shape:
    """Return the extents of `num_axes` axes of the bottom from `axis` on, -1 for all.

    Raises ShapeError if the bottom has fewer.
    """
    axis = canonical_axis(param.integer("axis"), bottom, param)
    if num_axes == -1:
        return bottom[axis:]
    if num_axes < 0:
        raise param.error(
            f"expected num_axes of at least 0, or -1 for all, found {num_axes}", "num_axes"
        )
    if axis + num_axes > len(bottom):
        raise param.error(
            f"expected at most {len(bottom) - axis} axes of {dims(bottom)} from axis {axis} on, "
            f"found num_axes {num_axes}",
            "num_axes",
        )
    return bottom[axis : axis + num_axes]


def check_operand(param: Message, bottom: Shape, second: Shape) -> None:
    """Raise ShapeError unless the second bottom has the extents of the first from `axis` on."""
    axis = first_axis(param, bottom, second)
    if bottom[axis : axis + len(second)] != second:
        raise mismatch(
            f"a second bottom with the extents of {dims(bottom)} from axis {axis} on", second
        )


def around(param: Message, bottom: Shape, other: Shape) -> tuple[int, int]:
    """Return the number of elements along the axes before and after those of `other`."""
    axis = first_axis(param, bottom, other)
    return count(bottom[:axis]), count(bottom[axis + len(other) :])


def first_axis(param: Message, bottom: Shape, other: Shape) -> int:
    """Return the axis of the bottom that matches the first of `other`; 0 for a scalar."""
    return canonical_axis(param.integer("axis"), bottom, param) if other else 0
