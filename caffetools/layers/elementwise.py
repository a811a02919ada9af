"""Element-wise sums, products and maxima, of equal shapes or broadcast."""

from __future__ import annotations

from caffetools.layers.base import Facts, Layer, Param, Spec
from caffetools.layers.blobs import Shape, at_least, between, count, dims, exactly
from caffetools.layers.checks import check_equal_shapes, check_not_empty, mismatch
from caffetools.layers.fillers import check_filler


class Axpy(Layer):
    """a · x + y: (N, C, 1, 1), (N, C, …), (N, C, …) -> (N, C, …) (axpy_layer.cpp)."""

    type = "Axpy"
    gradient_reads = ("bottom",)
    bottoms = exactly(3)
    origin = "hujie-frank/SENet"

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        factors, first, second = bottoms
        if first != second:
            raise mismatch("a second and third bottom of one shape", first, second)
        spread = factors[2:] if len(factors) == 4 else ()
        fits = min(len(factors), len(first)) >= 2 and factors[:2] == first[:2]
        if not fits or spread not in ((), (1, 1)):
            raise mismatch(f"a factor for each channel of {dims(first)}", factors)
        return Facts((first,))


class Eltwise(Layer):
    """Weighted sum, product or maximum of bottoms of one shape (eltwise_layer.cpp).

    A single bottom is taken by forks (lmb-freiburg/flownet2), not by Caffe.
    """

    type = "Eltwise"
    bottoms = at_least(1)

    def __init__(self, spec: Spec) -> None:
        param = spec.param("eltwise_param")
        self.operation = param.text("operation")
        self.in_place = spec.in_place()
        self.coefficients = param.count("coeff")
        self.first_coefficient = next(iter(param.numbers("coeff")), 1.0)
        self.stable = param.flag("stable_prod_grad")
        if self.coefficients not in (0, len(spec.bottoms)):
            expected = f"expected a coeff for each of {len(spec.bottoms)} bottoms"
            raise param.error(f"{expected}, found {self.coefficients}", "coeff")
        if self.coefficients and self.operation == "PROD":
            raise param.error("coeff expected SUM, found PROD", "coeff")

    def backward_reads(self, in_place: bool) -> tuple[str, ...]:
        """Return what is read; in place, the first bottom's gradient overwrites that of the top."""
        if self.operation == "PROD":
            return ("bottom",) if self.stable else ("bottom", "masked top")
        passes = self.operation == "SUM" and self.first_coefficient == 1
        return ("bottom",) if in_place and not passes else ()

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        check_equal_shapes(bottoms)
        notes: tuple[str, ...] = ()
        if self.coefficients and self.operation == "MAX":
            notes = ("coeff is not read by MAX",)
        if len(bottoms) == 1:
            notes += ("Caffe expects at least 2 bottoms, only forks take a single one",)
        return Facts(bottoms[:1], notes=notes)


class Broadcast(Layer):
    """The first bottom and an operand, broadcast over missing axes.

    The operand is the second bottom or, without one, a blob with the extents of `num_axes` axes
    from `axis` on.
    """

    bottoms = between(1, 2)
    roles: tuple[str, ...]
    """Of the operand, and of the bias of a Scale, which is always a blob."""

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        num_axes = self.param.integer("num_axes")
        other = bottoms[1] if len(bottoms) > 1 else self.extents(bottom, num_axes)
        axis = self.axis_of(bottom) if other else 0
        end = axis + len(other)
        if bottom[axis:end] != other:
            expected = f"a second bottom with the extents of {dims(bottom)} from axis {axis} on"
            raise mismatch(expected, other)
        notes: tuple[str, ...] = ()
        params = []
        for role in self.roles[len(bottoms) - 1 :]:
            params.append(Param(role, self.extents(bottom, len(other))))
            name = "filler" if role == self.roles[0] else "bias_filler"
            notes += check_filler(self.param.message(name), params[-1])
        outer, inner = count(bottom[:axis]), count(bottom[end:])
        check_not_empty((max(outer, inner) if self.roles == ("scale",) else inner,), bottom)
        return Facts(bottoms[:1], tuple(params), notes=notes)

    def extents(self, bottom: Shape, num_axes: int) -> Shape:
        """Return the extents of `num_axes` axes of the bottom from `axis` on, -1 for all.

        Raises ShapeError if the bottom has fewer.
        """
        axis = self.axis_of(bottom)
        if num_axes == -1:
            return bottom[axis:]
        if num_axes < 0:
            text = f"expected num_axes of at least 0, or -1 for all, found {num_axes}"
            raise self.param.error(text, "num_axes")
        if axis + num_axes > len(bottom):
            most = f"at most {len(bottom) - axis} axes of {dims(bottom)} from axis {axis} on"
            raise self.param.error(f"expected {most}, found num_axes {num_axes}", "num_axes")
        return bottom[axis : axis + num_axes]


class Scale(Broadcast):
    """The first bottom times a scale, with `bias_term` plus a bias as large (scale_layer.cpp)."""

    type = "Scale"
    gradient_reads = ("bottom",)
    copies_bottom = True
    param_name = "scale_param"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.bias = self.param.flag("bias_term")
        self.roles = ("scale", "bias") if self.bias else ("scale",)


class Bias(Broadcast):
    """The first bottom plus a bias (bias_layer.cpp)."""

    type = "Bias"
    param_name = "bias_param"
    roles = ("bias",)
