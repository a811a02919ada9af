"""Activations: functions of each element, and Softmax."""

from __future__ import annotations

import math

from caffetools.layers.base import Facts, Layer, Param, Spec
from caffetools.layers.blobs import Shape
from caffetools.layers.checks import check_axes, check_not_empty, check_not_in_place
from caffetools.layers.fillers import check_filler
from caffetools.proto.message import Message
from caffetools.proto.wire import single


class AbsVal(Layer):
    """|x|, not in place (absval_layer.cpp)."""

    type = "AbsVal"
    gradient_reads = ("bottom",)

    def __init__(self, spec: Spec) -> None:
        check_not_in_place(spec)


class BNLL(Layer):
    """log(1 + exp(x)) (bnll_layer.cpp)."""

    type = "BNLL"
    gradient_reads = ("bottom",)


class Clip(Layer):
    """min(max(x, min), max) (clip_layer.cpp)."""

    type = "Clip"
    gradient_reads = ("bottom",)

    def __init__(self, spec: Spec) -> None:
        self.given = spec.message.has("clip_param")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        notes = () if self.given else ("without clip_param min and max are 0, and so is the top",)
        return Facts(bottoms, notes=notes)


class Dropout(Layer):
    """At training, zeroes a share of the elements and scales up the rest (dropout_layer.cpp)."""

    type = "Dropout"
    keeps_sign = True

    def __init__(self, spec: Spec) -> None:
        self.ratio = single(spec.param("dropout_param").number("dropout_ratio"))
        self.changes_values = spec.phase == "TRAIN"

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        if 0 < self.ratio < 1:
            return Facts(bottoms)
        refused = f"a dropout_ratio of {self.ratio:g}: not between 0 and 1"
        return Facts(bottoms, notes=(f"a debug build of Caffe refuses {refused}",))


class ELU(Layer):
    """x, or alpha · (exp(x) - 1) below 0 (elu_layer.cpp)."""

    type = "ELU"
    gradient_reads = ("sign", "masked top")
    keeps_sign = True
    keeps_positive = True


class Exp(Layer):
    """base^(shift + scale · x), base -1 for e (exp_layer.cpp)."""

    type = "Exp"
    is_positive = True
    gradient_reads = ("masked top",)

    def __init__(self, spec: Spec) -> None:
        read_base(spec.param("exp_param"))


class Log(Layer):
    """The logarithm of shift + scale · x to a base, -1 for e (log_layer.cpp)."""

    type = "Log"
    gradient_reads = ("bottom",)

    def __init__(self, spec: Spec) -> None:
        param = spec.param("log_param")
        if read_base(param) == 1:
            raise param.error("expected a base other than 1, whose logarithm is 0", "base")


class Power(Layer):
    """(shift + scale · x)^power (power_layer.cpp)."""

    type = "Power"

    def __init__(self, spec: Spec) -> None:
        param = spec.param("power_param")
        self.power, self.scale, self.shift = (
            param.number(name) for name in ("power", "scale", "shift")
        )

    def backward_reads(self, in_place: bool) -> tuple[str, ...]:
        """Return what is read; in place, a power of 1 overwrites the gradient that it reads."""
        if self.power * self.scale == 0 or (self.power == 1 and not in_place):
            return ()
        return ("bottom",) if self.power in (1, 2) else ("bottom", "masked top")


class PReLU(Layer):
    """x, or a learned slope · x below 0 (prelu_layer.cpp).

    (N, C, …) of two to four axes. Blob: slope (C), or a scalar with `channel_shared`.
    """

    type = "PReLU"
    gradient_reads = ("bottom",)
    param_name = "prelu_param"
    keeps_positive = True
    copies_bottom = True

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        check_axes(bottom, 2, 4)
        check_not_empty(bottom[1:], bottom)
        slope = Param("slope", () if self.param.flag("channel_shared") else bottom[1:2])
        return Facts(bottoms, (slope,), notes=check_filler(self.param.message("filler"), slope))


class ReLU(Layer):
    """max(0, x), or negative_slope · x below 0 (relu_layer.cpp)."""

    type = "ReLU"
    gradient_reads = ("sign",)
    keeps_sign = True
    keeps_positive = True

    def __init__(self, spec: Spec) -> None:
        self.masks = spec.param("relu_param").number("negative_slope") == 0


class Sigmoid(Layer):
    """1 / (1 + exp(-x)) (sigmoid_layer.cpp)."""

    type = "Sigmoid"
    is_positive = True
    gradient_reads = ("masked top",)


class Swish(Layer):
    """x · sigmoid(beta · x) (swish_layer.cpp)."""

    type = "Swish"
    gradient_reads = ("masked top",)


class TanH(Layer):
    """The hyperbolic tangent (tanh_layer.cpp)."""

    type = "TanH"
    gradient_reads = ("masked top",)
    keeps_sign = True


class Threshold(Layer):
    """1 above the threshold, 0 elsewhere (threshold_layer.cpp)."""

    type = "Threshold"


class Softmax(Layer):
    """exp(x) over its sum along an axis (softmax_layer.cpp)."""

    type = "Softmax"
    is_positive = True
    ignores_propagate_down = True
    gradient_reads = ("masked top",)
    param_name = "softmax_param"
    mixes_axis = True

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        axis = self.axis_of(bottoms[0])
        check_not_empty(bottoms[0][axis : axis + 1], bottoms[0])
        return Facts(bottoms)


class ReLU6(Layer):
    """min(max(0, x), 6) + negative_slope * min(0, x) (relu6_layer.cpp)."""

    type = "ReLU6"
    gradient_reads = ("bottom",)
    keeps_sign = True
    origin = "eric612/MobileNet-YOLO"


def read_base(param: Message) -> float:
    """The base of an exponential or a logarithm; raises ShapeError for one that cannot be."""
    base = single(param.number("base"))
    if base != -1 and not 0 < base < math.inf:
        raise param.error(f"expected a base of -1, for e, or above 0, found {base:g}", "base")
    return base
