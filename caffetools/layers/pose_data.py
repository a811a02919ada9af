"""CPMData, images with maps of where a body's parts are."""

from __future__ import annotations

from typing import ClassVar

from caffetools.layers.base import Blobs, Facts, Shape, Spec, between
from caffetools.layers.items import ItemLayer, Known, batch_size
from caffetools.proto.message import Message


class CPMData(ItemLayer):
    """(N, C, crop_size_y, crop_size_x) and, `stride` times smaller, 2 · (num_parts + 1) maps.

    C is 6, the image and masks, or 4 in the first forks, whose options are in transform_param. A
    test net takes items as they are (cpm_data_layer.cpp, cpm_data_transformer.cpp).
    """

    type: ClassVar[str] = "CPMData"
    tops: ClassVar[Blobs] = between(1, 2)
    options: ClassVar[str] = "data_param"
    deprecated: ClassVar[tuple[str, ...]] = ()
    origin: ClassVar[str | None] = "CMU-Perceptual-Computing-Lab/caffe_train"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        own = spec.message.has("cpm_transform_param")
        self.channels = 6 if own else 4
        pose = spec.param("cpm_transform_param" if own else "transform_param")
        self.size = (read(pose, "crop_size_y", 368), read(pose, "crop_size_x", 368))
        self.stride = read(pose, "stride", 4)
        self.parts = read(pose, "num_parts", 14)

    def known(self) -> Known:
        size = self.size if self.spec.phase == "TRAIN" else (None, None)
        return Known(self.channels, *size)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        facts = super().facts(bottoms)
        data = facts.tops[0]
        maps = None
        if data is not None:
            height, width = (extent // self.stride for extent in data[2:])
            maps = (batch_size(self.spec, self.param), 2 * (self.parts + 1), height, width)
        return Facts((data, maps)[: len(self.spec.tops)], notes=facts.notes)


def read(param: Message, name: str, default: int) -> int:
    """An extent or a number that the schema does not know; ShapeError unless it is at least 1."""
    value = param.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or value < 1:
        raise param.error(f"expected {name} to be an integer of at least 1", name)
    return value
