"""Inner products, embeddings, distances, and convolution with weights for each position."""

from __future__ import annotations

from dataclasses import replace

from caffetools.layers.base import Facts, Layer, Param, Spec
from caffetools.layers.blobs import Shape, Step, between, count, exactly, product
from caffetools.layers.checks import (
    check_int,
    check_not_empty,
    four_axes,
    mismatch,
    read_integer,
)
from caffetools.layers.fillers import check_fillers
from caffetools.layers.window import Window, axis_names, convolved, convolved_step


class InnerProduct(Layer):
    """(M…, K…) -> (M…, num_output), where K… are the axes from `axis` on, flattened.

    Blobs: weight (num_output, K), or (K, num_output) with `transpose`; bias (num_output)
    (inner_product_layer.cpp).
    """

    type = "InnerProduct"
    gradient_reads = ("bottom",)
    param_name = "inner_product_param"
    is_global = True

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.num_output = self.param.integer("num_output")
        self.bias = self.param.flag("bias_term")
        self.transpose = self.param.flag("transpose")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        axis = self.axis_of(bottom)
        inputs = count(bottom[axis:])
        shape = (inputs, self.num_output) if self.transpose else (self.num_output, inputs)
        params = [Param("weight", shape)]
        if self.bias:
            params.append(Param("bias", (self.num_output,)))
        notes = check_fillers(self.param, params)
        if self.bias:
            check_not_empty(bottom[:axis], bottom)
        macs = count(bottom[:axis]) * self.num_output * inputs
        return Facts(((*bottom[:axis], self.num_output),), tuple(params), macs, notes)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        bottom, facts = bottoms[0], self.facts(bottoms)
        axis = self.axis_of(bottom)
        return [
            product("inputs", bottom[axis:]),
            *super().explain(bottoms),
            product("multiply-accumulates", (*bottom[:axis], *facts.params[0].shape)),
        ]


class MarginInnerProduct(InnerProduct):
    """(M…, K…) and labels (M) -> (M…, num_output), with an angular margin for the label.

    A second top has the weight of the plain product, which falls during training. Blob: weight
    (num_output, K), whose rows the layer normalizes (margin_inner_product_layer.cpp).
    """

    type = "MarginInnerProduct"
    param_name = "margin_inner_product_param"
    bottoms = exactly(2)
    tops = between(1, 2)
    origin = "wy1iu/sphereface"
    no_torch = "an inner product whose margin and gradient are for training only"

    def __init__(self, spec: Spec) -> None:
        Layer.__init__(self, spec)
        self.num_output = self.param.integer("num_output")
        self.bias = self.transpose = False

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        if bottoms[0][:1] != bottoms[1][:1]:
            raise mismatch("a label for each item", *bottoms[:2])
        facts = super().facts(bottoms)
        return replace(facts, tops=(*facts.tops, (1,))[: self.top_count])


class LargeMarginInnerProduct(MarginInnerProduct):
    """MarginInnerProduct of weights of any length; a third bottom (num_output, …) is the weight.

    (largemargin_inner_product_layer.cpp)
    """

    type = "LargeMarginInnerProduct"
    param_name = "largemargin_inner_product_param"
    bottoms = between(2, 3)
    tops = exactly(2)
    origin = "wy1iu/LargeMargin_Softmax_Loss"

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        if len(bottoms) == 3:
            self.num_output = four_axes(bottoms[2])[0]
        facts = super().facts(bottoms)
        return replace(facts, params=()) if len(bottoms) == 3 else facts


class Embed(Layer):
    """(M…) of integers below input_dim -> (M…, num_output) (embed_layer.cpp).

    Blobs: weight (input_dim, num_output), bias (num_output).
    """

    type = "Embed"
    gradient_reads = ("bottom",)
    param_name = "embed_param"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        param = self.param
        self.num_output = read_integer(param, "num_output")
        self.params = [Param("weight", (read_integer(param, "input_dim"), self.num_output))]
        if param.flag("bias_term"):
            self.params.append(Param("bias", (self.num_output,)))

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        notes = check_fillers(self.param, self.params)
        if len(self.params) == 2:
            check_not_empty(bottom, bottom)
        return Facts(((*bottom, self.num_output),), tuple(self.params), notes=notes)


class InnerDistance(Layer):
    """(M…, K…) -> (M…, num_output), where K… are the axes from `axis` on, flattened.

    Blob: weight (num_output, K), or (K, num_output) with `transpose` (inner_distance_layer.cpp).
    A second bottom (num_output, …) is the weight, unless `update_center_only` keeps both; a third
    holds labels. The first version of the layer also has a bias (num_output): its nets have a
    `bias_filler` or `bias_term: true`, which the current version does not read.
    """

    type = "InnerDistance"
    gradient_reads = ("bottom",)
    param_name = "inner_distance_param"
    bottoms = between(1, 3)
    origin = "happynear/caffe-windows"
    is_global = True

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        check_int(self.param, "num_output")
        weights = 2 if self.param.flag("update_center_only") else 1
        self.owns_weight = len(spec.bottoms) <= weights
        with_term = self.param.has("bias_term") and self.param.flag("bias_term")
        self.bias = self.param.has("bias_filler") or with_term

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        axis = self.axis_of(bottoms[0])
        outputs = four_axes(bottoms[1])[0] if len(bottoms) > 1 else self.param.integer("num_output")
        shape = (outputs, count(bottoms[0][axis:]))
        weight = Param("weight", shape[::-1] if self.param.flag("transpose") else shape)
        owned = (weight, Param("bias", shape[:1])) if self.bias else (weight,)
        params = owned if self.owns_weight else ()
        notes = check_fillers(self.param, params)
        return Facts(((*bottoms[0][:axis], outputs),), params, notes=notes)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        inputs = bottoms[0][self.axis_of(bottoms[0]) :]
        return [product("inputs", inputs), *super().explain(bottoms)]


class Local(Layer):
    """(N, C, H, W) -> (N, num_output, H', W'), a convolution with weights for each position.

    Blobs: weight (num_output, 1, C · kernel², H' · W'), bias (1, 1, num_output, H' · W')
    (local_layer.cpp).
    """

    type = "Local"
    gradient_reads = ("bottom",)
    param_name = "local_param"
    origin = "happynear/caffe-windows"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        param = self.param
        self.num_output = read_integer(param, "num_output")
        kernel, stride = read_integer(param, "kernel_size"), read_integer(param, "stride")
        check_int(param, "pad")
        self.window = Window(kernel, stride, param.integer("pad"))

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window]:
        return [self.window] * 2

    def params(self, bottoms: tuple[Shape, ...]) -> tuple[Param, ...]:
        """Return the parameters."""
        bottom = four_axes(bottoms[0])
        positions = count(tuple(convolved(extent, self.window) for extent in bottom[2:]))
        weight = Param("weight", (self.num_output, 1, bottom[1] * self.window.kernel**2, positions))
        bias = Param("bias", (1, 1, self.num_output, positions))
        return (weight, bias) if self.param.flag("bias_term") else (weight,)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = four_axes(bottoms[0])
        if min(bottom[2:]) < self.window.kernel:
            text = f"kernel extent {self.window.kernel} exceeds the bottom's {min(bottom[2:])}"
            raise self.param.error(text, "kernel_size")
        top = (bottom[0], self.num_output, *(convolved(each, self.window) for each in bottom[2:]))
        params = self.params(bottoms)
        notes = check_fillers(self.param, params)
        return Facts((top,), params, bottom[0] * count(params[0].shape), notes)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        bottom, params = four_axes(bottoms[0]), self.params(bottoms)
        kernel = self.window.kernel
        return [
            *map(convolved_step, axis_names(2), bottom[2:], self.windows(bottoms)),
            Step("inputs of a position", f"{bottom[1]} * {kernel} * {kernel}", params[0].shape[2]),
            *(
                product(param.role, tuple(extent for extent in param.shape if extent != 1))
                for param in params
            ),
            product("multiply-accumulates", (bottom[0], *params[0].shape)),
        ]
