"""MultiStageMeanfield, the conditional random field of "CRF as RNN" (Zheng et al., ICCV 2015)."""

from __future__ import annotations

from typing import ClassVar

from caffetools.layers.base import Blobs, Facts, Layer, Param, Shape, Spec, Step, exactly, product
from caffetools.layers.checks import check_int
from caffetools.layers.legacy import four_axes


class MultiStageMeanfield(Layer):
    """Unaries (N, C, H, W), what to start from, and images -> (N, C, H, W).

    Blobs: spatial, bilateral and compatibility weights, all (1, 1, C, C)
    (multi_stage_meanfield.cpp).
    """

    type: ClassVar[str] = "MultiStageMeanfield"
    bottoms: ClassVar[Blobs] = exactly(3)
    origin: ClassVar[str | None] = "torrvision/caffe"

    def __init__(self, spec: Spec) -> None:
        param = spec.param("multi_stage_meanfield_param")
        iterations = param.integer("num_iterations")
        check_int(param, "num_iterations")
        if iterations < 2:
            raise param.error(
                f"expected num_iterations of at least 2, found {iterations}", "num_iterations"
            )

    def windows(self, bottoms: tuple[Shape, ...]) -> None:
        return None

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        return Facts((four_axes(bottoms[0]),), self.params(bottoms[0]))

    def params(self, bottom: Shape) -> tuple[Param, ...]:
        """The blobs."""
        channels = four_axes(bottom)[1]
        roles = ("spatial", "bilateral", "compatibility")
        return tuple(Param(role, (1, 1, channels, channels)) for role in roles)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return [product(param.role, param.shape[2:]) for param in self.params(bottoms[0])]
