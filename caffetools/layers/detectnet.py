"""DetectNetTransformation, which turns images and boxes into what DetectNet learns from."""

from __future__ import annotations

from typing import ClassVar

from caffetools.errors import ShapeError
from caffetools.layers.base import Blobs, Facts, Layer, Shape, Spec, Step, dims, exactly
from caffetools.layers.checks import check_int
from caffetools.layers.legacy import four_axes
from caffetools.proto.wire import single

LABEL = 8
"""Channels of the grid before those of the classes: foreground, box, size and norm."""


class DetectNetTransformation(Layer):
    """Images (N, 3, …), boxes -> (N, 3, image_size_y, image_size_x), grid (N, 8 + classes, y, x).

    A place of the grid covers `stride` places of the image (detectnet_transform_layer.cpp,
    detectnet_coverage_rectangular.cpp).
    """

    type: ClassVar[str] = "DetectNetTransformation"
    bottoms: ClassVar[Blobs] = exactly(2)
    tops: ClassVar[Blobs] = exactly(2)
    origin: ClassVar[str | None] = "NVIDIA/caffe"

    def __init__(self, spec: Spec) -> None:
        param = spec.param("detectnet_groundtruth_param")
        for name in ("image_size_x", "image_size_y", "stride"):
            check_int(param, name)
        self.stride = param.integer("stride")
        if self.stride == 0:
            raise param.error("expected a stride of at least 1, found 0", "stride")
        self.size = (param.integer("image_size_y"), param.integer("image_size_x"))
        mapped = [mapping.integer("dst") for mapping in param.messages("object_class")]
        self.classes = max(mapped, default=0) + 1

    def windows(self, bottoms: tuple[Shape, ...]) -> None:
        return None

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        images, boxes = map(four_axes, bottoms)
        if images[1] != 3:
            raise ShapeError(f"expected images of 3 channels, found {dims(bottoms[0])}")
        if images[0] != boxes[0]:
            raise ShapeError(f"expected boxes of {images[0]} images, found {dims(bottoms[1])}")
        grid = (step.value for step in self.explain(bottoms))
        return Facts(((images[0], 3, *self.size), (images[0], *grid)))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return [
            Step("grid channels", f"{LABEL} + {self.classes}", LABEL + self.classes),
            self.places("grid height", self.size[0]),
            self.places("grid width", self.size[1]),
        ]

    def places(self, name: str, extent: int) -> Step:
        """The grid's places along an axis: OpenCV rounds to the nearest, halves to the even."""
        places = round(single(extent * single(1 / self.stride)))
        formula = f"{extent} / {self.stride}"
        if extent % self.stride:
            formula = f"{'floor' if places * self.stride < extent else 'ceil'}({formula})"
        return Step(name, formula, places)
