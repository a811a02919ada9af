"""Data layers of forks: images with labels for each pixel, videos, poses.

Of an item they tell what their options say. No list is opened.
"""

from __future__ import annotations

from typing import ClassVar

from caffetools.layers.base import INT_MAX, Blobs, Facts, Shape, Spec, between, exactly
from caffetools.layers.checks import check_int
from caffetools.layers.items import ItemLayer, Known, batch_size
from caffetools.proto.message import Message


class CompactData(ItemLayer):
    """(N, 3, crop_size, crop_size), labels (N, 1, 1, 1) and boxes (N, 6, 1, 1).

    The items are images in a file's form, always read in colour (compact_data_layer.cpp).
    """

    type: ClassVar[str] = "CompactData"
    tops: ClassVar[Blobs] = between(1, 3)
    options: ClassVar[str] = "data_param"
    origin: ClassVar[str | None] = "yjxiong/caffe"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        if not self.transform.crop:
            raise self.transform.param.error(
                "expected a crop_size of at least 1 in transform_param, found 0", "crop_size"
            )
        if not self.transform.param.has("mean_file"):
            raise self.transform.param.error("expected a mean_file in transform_param, found none")

    def known(self) -> Known:
        return Known(3)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        facts, batch = super().facts(bottoms), batch_size(self.spec, self.param)
        tops = (facts.tops[0], (batch, 1, 1, 1), (batch, 6, 1, 1))
        return Facts(tops[: len(self.spec.tops)], notes=facts.notes)


class SegmentationData(ItemLayer):
    """Images (N, C, H, W) with a label for each pixel (N, 1, H, W)."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.size = read_size(self.param, "new_height", "new_width")
        self.crop = read_size(self.crop_options(), "crop_height", "crop_width")

    def crop_options(self) -> Message:
        """The message that has crop_height and crop_width."""
        return self.param

    def known(self) -> Known:
        channels = 3 if self.param.flag("is_color") else 1
        return Known(channels, *(self.crop or self.size or (None, None)))

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        facts = super().facts(bottoms)
        data = facts.tops[0]
        labels = None if data is None else (data[0], 1, *self.label_size(data))
        return Facts((data, labels, *self.further(facts)), notes=facts.notes)

    def label_size(self, data: Shape) -> Shape:
        """Height and width of the labels."""
        return data[2:]

    def further(self, facts: Facts) -> tuple[Shape, ...]:
        """What tops there are behind images and labels."""
        return ()


class DenseImageData(SegmentationData):
    """Images and labels (dense_image_data_layer.cpp).

    With label_divide_factor (TimoSaemann/ENet) the labels are smaller than the images, unless both
    are cropped.
    """

    type: ClassVar[str] = "DenseImageData"
    tops: ClassVar[Blobs] = exactly(2)
    options: ClassVar[str] = "dense_image_data_param"
    deprecated: ClassVar[tuple[str, ...]] = ()
    origin: ClassVar[str | None] = "alexgkendall/caffe-segnet"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        factor = self.param.number("label_divide_factor")
        if not 1 <= factor <= INT_MAX:
            raise self.param.error(
                f"expected a label_divide_factor from 1 to 2^31 - 1, found {factor:g}",
                "label_divide_factor",
            )
        self.divisor = int(factor)

    def label_size(self, data: Shape) -> Shape:
        cropped = self.crop or self.transform.crop
        return data[2:] if cropped else tuple(extent // self.divisor for extent in data[2:])


class ImageSegData(SegmentationData):
    """Images, labels, and the images' own heights and widths (N, 1, 1, 2).

    (image_seg_data_layer.cpp)
    """

    type: ClassVar[str] = "ImageSegData"
    tops: ClassVar[Blobs] = exactly(3)
    automatic_tops: ClassVar[bool] = True
    options: ClassVar[str] = "image_data_param"
    origin: ClassVar[str | None] = "hszhao/PSPNet"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        param = self.transform.param
        if param.has("mean_file"):
            raise param.error("an ImageSegData layer takes no mean_file", "mean_file")
        if self.crop and param.has("crop_size"):
            raise param.error(
                "expected crop_size, or crop_height and crop_width, found both", "crop_size"
            )

    def crop_options(self) -> Message:
        return self.transform.param

    def further(self, facts: Facts) -> tuple[Shape, ...]:
        return ((batch_size(self.spec, self.param), 1, 1, 2),)


def read_size(param: Message, *names: str) -> tuple[int, int] | None:
    """A height and width, None for 0; raises ShapeError for one without the other."""
    for name in names:
        check_int(param, name)
    height, width = map(param.integer, names)
    if bool(height) != bool(width):
        given = names[0] if height else names[1]
        raise param.error(f"expected {names[0]} and {names[1]}, found one of them", given)
    return (height, width) if height else None
