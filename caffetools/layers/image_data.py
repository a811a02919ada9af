"""Data layers that read images by a list, a window file or a video."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from caffetools.formats.files import find_file
from caffetools.layers.base import Facts, Spec
from caffetools.layers.blobs import INT_MAX, Shape, between, exactly
from caffetools.layers.checks import check_int, read_integer
from caffetools.layers.items import DEPRECATED, Item, ItemLayer, missing, placed
from caffetools.proto.message import Message

if TYPE_CHECKING:
    from caffetools.formats.image import ImageSize


_SEGMENTS = ("modality", "num_segments", "name_pattern", "length_first", "grayscale")
"""Options of the fork that stacks frames as channels."""


class ImageData(ItemLayer):
    """Images of a list of files, optionally resized (image_data_layer.cpp)."""

    type = "ImageData"
    source_kind = "list of images"
    tops = exactly(2)
    param_name = "image_data_param"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.size = read_size(self.param, "new_height", "new_width")
        read_integer(self.param, "batch_size")

    def source_item(self) -> Item:
        channels = 3 if self.param.flag("is_color") else 1
        if self.size:
            return Item(channels, *self.size)
        folder = self.spec.options.folder
        source = find_file(self.param.text("source"), folder)
        if source is None:
            return Item(channels)
        from caffetools.formats.files import first_images

        faults: list[str] = []
        for name in placed(self.param, "source", partial(first_images, source)):
            size = self.size_of(name)
            if not isinstance(size, str):
                break
            faults.append(size)
        else:
            return Item(channels, notes=(faults[0],))
        notes: tuple[str, ...] = ()
        if faults:
            notes = (f"{faults[0]}: Caffe aborts there; the size is that of {name!a}",)
        if self.param.flag("shuffle") and not self.transform.crop:
            notes += ("shuffle: the size is that of the first image, Caffe's of a random one",)
        return Item(channels, size.height, size.width, notes)

    def size_of(self, name: str) -> ImageSize | str:
        """Return the size of an image of the list, or the reason why it is unknown."""
        from caffetools.formats.image import image_size, read_start

        name = self.param.text("root_folder") + name
        image = find_file(name, self.spec.options.folder)
        if image is None:
            return f"the image {name!a} does not exist"
        size = image_size(placed(self.param, "source", partial(read_start, image)))
        return f"expected a JPEG, PNG, BMP or PNM image, found {name!a}" if size is None else size


class WindowData(ItemLayer):
    """Windows of images, each warped to crop_size x crop_size (window_data_layer.cpp)."""

    type = "WindowData"
    source_kind = "window file"
    tops = exactly(2)
    param_name = "window_data_param"
    deprecated = tuple(name for name in DEPRECATED if name != "scale")  # which it still reads

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.transform.require_crop()

    def source_item(self) -> Item:
        source = find_file(self.param.text("source"), self.spec.options.folder)
        if source is None:
            return Item()
        from caffetools.formats.files import first_window_channels

        channels = placed(self.param, "source", partial(first_window_channels, source))
        return Item(channels)


class SegmentationData(ItemLayer):
    """Images (N, C, H, W) with a label for each pixel (N, 1, H, W)."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.size = read_size(self.param, "new_height", "new_width")
        self.crop = read_size(self.crop_options(), "crop_height", "crop_width")

    def crop_options(self) -> Message:
        """Return the message with crop_height and crop_width."""
        return self.param

    def source_item(self) -> Item:
        channels = 3 if self.param.flag("is_color") else 1
        return Item(channels, *(self.crop or self.size or (None, None)))

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        facts = super().facts(bottoms)
        data = facts.tops[0]
        labels = None if data is None else (data[0], 1, *self.label_size(data))
        return Facts((data, labels, *self.other_tops()), notes=facts.notes)

    def label_size(self, data: Shape) -> Shape:
        """Return height and width of the labels."""
        return data[2:]

    def other_tops(self) -> tuple[Shape, ...]:
        """Return the shapes of the tops after images and labels."""
        return ()


class DenseImageData(SegmentationData):
    """Images and labels (dense_image_data_layer.cpp).

    With label_divide_factor (TimoSaemann/ENet) the labels are smaller than the images, unless both
    are cropped.
    """

    type = "DenseImageData"
    tops = exactly(2)
    param_name = "dense_image_data_param"
    deprecated = ()
    origin = "alexgkendall/caffe-segnet"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        factor = self.param.number("label_divide_factor")
        if not 1 <= factor <= INT_MAX:
            text = f"expected a label_divide_factor from 1 to 2^31 - 1, found {factor:g}"
            raise self.param.error(text, "label_divide_factor")
        self.divisor = int(factor)

    def label_size(self, data: Shape) -> Shape:
        cropped = self.crop or self.transform.crop
        return data[2:] if cropped else tuple(extent // self.divisor for extent in data[2:])


class ImageSegData(SegmentationData):
    """Images, labels, and the original heights and widths (N, 1, 1, 2).

    (image_seg_data_layer.cpp)
    """

    type = "ImageSegData"
    tops = exactly(3)
    automatic_tops = True
    param_name = "image_data_param"
    origin = "hszhao/PSPNet"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        param = self.transform.param
        if param.has("mean_file"):
            raise param.error("ImageSegData does not support mean_file", "mean_file")
        if self.crop and param.has("crop_size"):
            text = "expected crop_size, or crop_height and crop_width, found both"
            raise param.error(text, "crop_size")

    def crop_options(self) -> Message:
        return self.transform.param

    def other_tops(self) -> tuple[Shape, ...]:
        return ((self.spec.batch_size(self.param), 1, 1, 2),)


class VideoData(ItemLayer):
    """Frames and labels (video_data_layer.cpp).

    In yjxiong/caffe frames are channels: (N, c · new_length · num_segments, H, W), c being 2 for
    flow, 3 for colour, 1 for grey; labels are (N, 1, 1, 1). In facebookarchive/C3D they are an
    axis: (N, 3, new_length, H, W), labels (N), or (N, num_of_labels). In weiliu89/caffe a camera or
    a file gives one by one: (N, 3, H, W), with a batch_size in data_param. The options say which.
    """

    type = "VideoData"
    tops = between(1, 2)
    param_name = "video_data_param"
    deprecated = ()
    origin = "yjxiong/caffe"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.video = self.param
        self.stacked = any(map(self.video.has, _SEGMENTS))
        self.one_by_one = not self.video.has("batch_size")
        if self.one_by_one:
            self.param = spec.param("data_param")
        self.size = read_size(self.video, "new_height", "new_width")

    def source_item(self) -> Item:
        return Item(self.channels(), *(self.size or (None, None)))

    def channels(self) -> int:
        """Return the channels of the frames, stacked or not."""
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
        """Return the shape of the second top."""
        batch = self.spec.batch_size(self.param)
        if self.stacked:
            return (batch, 1, 1, 1)
        if self.video.flag("use_multiple_label"):
            return (batch, self.video.integer("num_of_labels"))
        return (batch,)


def read_size(param: Message, *names: str) -> tuple[int, int] | None:
    """Read a height and width, None for 0; ShapeError for one without the other."""
    for name in names:
        check_int(param, name)
    height, width = map(param.integer, names)
    if bool(height) != bool(width):
        given = names[0] if height else names[1]
        raise param.error(f"expected {names[0]} and {names[1]}, found one of them", given)
    return (height, width) if height else None
