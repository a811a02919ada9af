"""VideoData, for which each fork that works on videos has a form of its own."""

from __future__ import annotations

from typing import ClassVar

from caffetools.layers.base import Blobs, Facts, Shape, Spec, between
from caffetools.layers.fork_data import read_size
from caffetools.layers.items import ItemLayer, Known, batch_size, missing

_SEGMENTS = ("modality", "num_segments", "name_pattern", "length_first", "grayscale")
"""Options of the fork that stacks frames as channels."""


class VideoData(ItemLayer):
    """Frames and labels (video_data_layer.cpp).

    In yjxiong/caffe frames are channels: (N, c · new_length · num_segments, H, W), c being 2 for
    flow, 3 for colour, 1 for grey; labels are (N, 1, 1, 1). In facebookarchive/C3D they are an
    axis: (N, 3, new_length, H, W), labels (N), or (N, num_of_labels). In weiliu89/caffe a camera or
    a file gives one by one: (N, 3, H, W), with a batch_size in data_param. The options say which.
    """

    type: ClassVar[str] = "VideoData"
    tops: ClassVar[Blobs] = between(1, 2)
    options: ClassVar[str] = "video_data_param"
    deprecated: ClassVar[tuple[str, ...]] = ()
    origin: ClassVar[str | None] = "yjxiong/caffe"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.video = self.param
        self.stacked = any(map(self.video.has, _SEGMENTS))
        self.one_by_one = not self.video.has("batch_size")
        if self.one_by_one:
            self.param = spec.param("data_param")
        self.size = read_size(self.video, "new_height", "new_width")

    def known(self) -> Known:
        return Known(self.channels(), *(self.size or (None, None)))

    def channels(self) -> int:
        """How many channels the frames have, stacked or not."""
        if not self.stacked:
            return 3
        grey = self.video.flag("grayscale")
        channels = 2 if self.video.text("modality") == "FLOW" else 1 if grey else 3
        return channels * self.video.integer("new_length") * self.video.integer("num_segments")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        if self.one_by_one and not self.param.has("batch_size"):
            return Facts((None,) * len(self.spec.tops), notes=(missing(self.spec),))
        facts = super().facts(bottoms)
        data = facts.tops[0]
        if data is not None and not (self.stacked or self.one_by_one):
            data = (*data[:2], self.video.integer("new_length"), *data[2:])
        return Facts((data, self.labels())[: len(self.spec.tops)], notes=facts.notes)

    def labels(self) -> Shape:
        """The shape of the second top."""
        batch = batch_size(self.spec, self.param)
        if self.stacked:
            return (batch, 1, 1, 1)
        if self.video.flag("use_multiple_label"):
            return (batch, self.video.integer("num_of_labels"))
        return (batch,)
