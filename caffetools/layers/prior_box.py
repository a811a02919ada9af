"""PriorBox: the default boxes of SSD detectors."""

from __future__ import annotations

import math

from caffetools.layers.base import Facts, Layer, Spec
from caffetools.layers.blobs import Shape, Step, at_least, product
from caffetools.layers.checks import check_int, check_positive, four_axes, mismatch
from caffetools.proto.message import Message
from caffetools.proto.wire import single

_SAME = 1e-6
"""Ratios that differ by less are equal."""


class PriorBox(Layer):
    """(N, C, H, W), image -> (1, 2, H · W · priors · 4): boxes and variances (prior_box_layer.cpp).

    Each cell has, for each min_size, one box per aspect ratio, 1 included, and one more for a
    max_size. The boxes depend only on the extents and are the same for all items.
    """

    type = "PriorBox"
    param_name = "prior_box_param"
    bottoms = at_least(1)
    data_bottoms = 0
    origin = "weiliu89/caffe"
    is_global = True

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        param = self.param
        self.sizes = param.count("min_size")
        self.larger = param.count("max_size")
        self.ratios = len(read_ratios(param))
        check_sizes(param)
        check_variance(param)
        check_pair(param, "img", "img_size")
        check_pair(param, "step", "step")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        coordinates = self.explain(bottoms)[-1].value
        if coordinates == 0:
            raise mismatch("a bottom with a height and width", bottoms[0])
        return Facts(((1, 2, coordinates),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        cells = four_axes(bottoms[0])[2:]
        formula = f"{self.sizes} * {self.ratios}" + (f" + {self.larger}" if self.larger else "")
        priors = Step("priors of a cell", formula, self.sizes * self.ratios + self.larger)
        boxes = (*cells, priors.value)
        return [priors, product("priors", boxes), product("coordinates", (*boxes, 4))]


def read_ratios(param: Message) -> list[float]:
    """Return the aspect ratios of the boxes of a cell: 1, those given and, with `flip`, inverses.

    Duplicates are dropped, except for inverses.
    """
    ratios = [1.0]
    for value in param.numbers("aspect_ratio"):
        ratio = single(value)
        if not any(abs(single(ratio - other)) < _SAME for other in ratios):
            ratios.append(ratio)
            if param.flag("flip"):
                ratios.append(single(1 / ratio) if ratio else math.inf)
    return ratios


def check_sizes(param: Message) -> None:
    """Raise ShapeError for missing sizes, or a max_size not above its min_size."""
    smaller, larger = param.numbers("min_size"), param.numbers("max_size")
    if not smaller:
        raise param.error("expected a min_size, found none")
    check_positive(param, "min_size")
    if larger and len(larger) != len(smaller):
        text = f"expected a max_size for each of {len(smaller)} min_size, found {len(larger)}"
        raise param.error(text, "max_size")
    for index, (size, least) in enumerate(zip(larger, smaller, strict=False)):
        if not size > least:
            text = f"expected a max_size over the min_size {least:g}, found {size:g}"
            raise param.error(text, "max_size", index)


def check_variance(param: Message) -> None:
    """Raise ShapeError unless there are at most one or four variances, all above 0."""
    variance = param.numbers("variance")
    if len(variance) > 1 and len(variance) != 4:
        text = f"expected variance once or four times, found {len(variance)}"
        raise param.error(text, "variance")
    check_positive(param, "variance")


def check_pair(param: Message, name: str, both: str) -> None:
    """Raise ShapeError for `_h` without `_w`, for either with `both`, and for values of 0."""
    by_axis = [f"{name}_h", f"{name}_w"]
    if any(map(param.has, by_axis)):
        if param.has(both):
            raise param.error(f"expected {both}, or {by_axis[0]} and {by_axis[1]}", both)
        names = by_axis
    else:
        names = [both] if param.has(both) else []
    for each in names:
        if name == "img":
            check_int(param, each)
        if not param.number(each) > 0:
            raise param.error(f"expected {each} over 0, found {param.number(each):g}", each)
