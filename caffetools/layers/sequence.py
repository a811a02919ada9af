"""ContinuationIndicator, which tells recurrent layers where sequences begin."""

from __future__ import annotations

from typing import ClassVar

from caffetools.layers.base import Blobs, Facts, Layer, Shape, Spec, between, canonical_axis, dims
from caffetools.layers.checks import check_int


class ContinuationIndicator(Layer):
    """(time_step, N), 0 in the first row and 1 below (continuation_indicator_layer.cpp).

    N is `batch_size` or, in jolibrain/caffe, the extent of `axis` of a bottom.
    """

    type: ClassVar[str] = "ContinuationIndicator"
    bottoms: ClassVar[Blobs] = between(0, 1)
    data_bottoms: ClassVar[int | None] = 0
    origin: ClassVar[str | None] = "xmfbit/warpctc-caffe"

    def __init__(self, spec: Spec) -> None:
        self.param = param = spec.param("continuation_indicator_param")
        for name in ("time_step",) if spec.bottoms else ("batch_size", "time_step"):
            check_int(param, name)
            if param.integer(name) == 0:
                raise param.error(f"expected {name} of at least 1, found 0", name)

    def windows(self, bottoms: tuple[Shape, ...]) -> None:
        return None

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        return Facts(((self.param.integer("time_step"), self.batch_size(bottoms)),))

    def batch_size(self, bottoms: tuple[Shape, ...]) -> int:
        """The number of sequences; raises ShapeError where there is none."""
        if not bottoms:
            return self.param.integer("batch_size")
        axis = canonical_axis(self.param.integer("axis"), bottoms[0], self.param)
        if bottoms[0][axis] == 0:
            raise self.param.error(f"axis {axis} of {dims(bottoms[0])} is empty", "axis")
        return bottoms[0][axis]
