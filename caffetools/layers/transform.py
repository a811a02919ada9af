"""Options of transform_param that change the shape of an item."""

from __future__ import annotations

from caffetools.layers.blobs import INT_MAX
from caffetools.layers.checks import check_int
from caffetools.proto.message import Message
from caffetools.proto.wire import single

_CROPS = ("crop_height", "crop_width", "crop_h", "crop_w")


class Transform:
    """Size of an item after transform_param (data_transformer.cpp).

    The SSD fork's `resize_param` applies before the crop (im_transforms.cpp, InferNewSize); of
    several, from which eric612/MobileNet-YOLO chooses at random, the first counts. `crop_height`
    and `crop_width`, which override `crop_size`, are those of Cysu's and stephenyan1231's forks;
    `crop_h` and `crop_w`, which `crop_size` overrides, are the SSD fork's.
    """

    def __init__(self, layer: Message) -> None:
        self.param = param = layer.message("transform_param")
        self.resize = next(iter(param.messages("resize_param")), None)
        for name in ("crop_size", *_CROPS):
            check_int(param, name)
        self.crop, self.crop_width = (
            param.integer(own) or param.integer("crop_size") or param.integer(fork)
            for own, fork in zip(_CROPS[:2], _CROPS[2:], strict=True)
        )
        """Height and width of the top, 0 without a crop."""
        self.mean_values = param.count("mean_value")
        if self.mean_values and param.has("mean_file"):
            raise param.error("expected mean_file or mean_value, found both", "mean_value", 0)

    def forced_channels(self) -> int | None:
        """Return the channels of encoded images by force_color or force_gray."""
        colour, grey = self.param.flag("force_color"), self.param.flag("force_gray")
        return None if colour == grey else 3 if colour else 1

    def check_decoding(self) -> None:
        """Raise ShapeError for both force_color and force_gray."""
        if self.param.flag("force_color") and self.param.flag("force_gray"):
            raise self.param.error("expected force_color or force_gray, found both", "force_gray")

    def require_crop(self) -> None:
        """Raise ShapeError without a crop."""
        if not self.crop:
            text = "expected a crop_size of at least 1 in transform_param, found 0"
            raise self.param.error(text, "crop_size")

    def size(self, height: int | None, width: int | None) -> tuple[int, int] | None:
        """Return height and width of the top for an item, None if they are unknown.

        None for a height or width of the item means unknown. Raises ShapeError for a crop larger
        than the item.
        """
        if self.resize is not None:
            height, width = self.resized(self.resize, height, width)
        if height is not None and width is not None:
            self.check_crop(height, width)
        height, width = self.crop or height, self.crop_width or width
        return None if height is None or width is None else (height, width)

    def check_crop(self, height: int, width: int) -> None:
        """Raise ShapeError for a crop larger than the item."""
        if height < self.crop or width < self.crop_width:
            name = next(filter(self.param.has, ("crop_size", *_CROPS)))
            same = self.crop == self.crop_width
            found = str(self.crop) if same else f"{self.crop} x {self.crop_width}"
            raise self.param.error(f"{name} {found} exceeds the item's {height} x {width}", name)

    def resized(
        self, resize: Message, height: int | None, width: int | None
    ) -> tuple[int | None, int | None]:
        """Return the size after resize_param; that of FIT_SMALL_SIZE depends on the item."""
        for name in ("height", "width"):
            check_int(resize, name)
        new_height, new_width = resize.integer("height"), resize.integer("width")
        if resize.text("resize_mode") != "FIT_SMALL_SIZE":
            return new_height, new_width
        if not (height and width and new_height and new_width):
            return None, None
        aspect = single(width / height)
        if aspect < single(new_width / new_height):
            return int(min(single(new_width / aspect), INT_MAX)), new_width
        return new_height, int(min(single(aspect * new_height), INT_MAX))


def mean_mismatch(values: int, channels: int) -> str:
    """Return a note on another number of `mean_value` than channels, empty if it is valid."""
    if values in (0, 1, channels):
        return ""
    return f"{values} values of mean_value for {channels} channels: Caffe aborts at the first item"
