"""WindowData: windows of images, read from a window file and warped to one size.

Source: window_data_layer.cpp. Used by R-CNN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.files import read_text
from caffetools.formats.image import resize
from caffetools.torch.training.data.draws import Draws
from caffetools.torch.training.data.image_list import read_image
from caffetools.torch.training.data.sources import ItemArrays, OpenSource, ReadContext
from caffetools.torch.training.data.transformer import Transform

Value = TypeVar("Value")


class ImageWindow(NamedTuple):
    """A box in an image; its corners are inclusive."""

    image: int
    label: int
    overlap: float
    x1: int
    y1: int
    x2: int
    y2: int


class Region(NamedTuple):
    """Part of an image (inclusive corners), the size it is warped to, and its target position."""

    x1: int
    y1: int
    x2: int
    y2: int
    width: int
    height: int
    left: int
    top: int


@dataclass(frozen=True)
class WindowFile:
    """Windows of a file: random backgrounds, then random foregrounds in each batch."""

    tops: tuple[str, ...]
    source: str
    batch_size: int
    transform: Transform = field(default_factory=Transform)
    scale: float = 1.0
    """The layer's own scale; that of transform_param is ignored."""
    fg_threshold: float = 0.5
    bg_threshold: float = 0.5
    fg_fraction: float = 0.25
    context_pad: int = 0
    crop_mode: str = "warp"
    root_folder: str = ""

    workers = 2

    def open(self, place: ReadContext) -> OpenSource:
        return _Windows(self, place)


class _Windows:
    def __init__(self, source: WindowFile, place: ReadContext) -> None:
        self.source, self.place = source, place
        self.path = place.find(source.source)
        self.transform = source.transform.opened(place.find)
        self.images, windows = read_windows(self.path)
        self.foreground = [each for each in windows if each.overlap >= source.fg_threshold]
        most = min(source.bg_threshold, source.fg_threshold)
        self.background = [each._replace(label=0) for each in windows if each.overlap < most]
        if not self.foreground or not self.background:
            found = f"{len(self.foreground)} and {len(self.background)}"
            text = f"expected windows of objects and of background, found {found}"
            raise CaffeToolsError(text, Location(self.path))
        if any(each.label < 1 for each in self.foreground):
            raise CaffeToolsError("an object's window has a label below 1", Location(self.path))

    def read(self, number: int, slot: int) -> ItemArrays:
        window, draws = self._drawn(number, slot)
        mirrored = self.transform.mirror and draws.below(2) == 1
        path = self.place.find(self.source.root_folder + self.images[window.image])
        image = read_image(path, color=True)
        return self.warped(image, window, mirrored=mirrored), np.float32(window.label)

    def name(self, number: int, slot: int) -> str:
        window, _ = self._drawn(number, slot)
        return f"{self.path}: window {window[3:]} of {self.images[window.image]}"

    def _drawn(self, number: int, slot: int) -> tuple[ImageWindow, Draws]:
        """Return the window of an item, and the draws that follow."""
        source, draws = self.source, self.place.draws(number)
        objects = int(np.float32(source.batch_size) * np.float32(source.fg_fraction))
        is_object = slot >= source.batch_size - objects
        windows = self.foreground if is_object else self.background
        return windows[draws.below(len(windows))], draws

    def warped(
        self, image: NDArray[np.uint8], window: ImageWindow, *, mirrored: bool
    ) -> NDArray[np.float32]:
        """Return a window as channels x crop x crop, 0 outside of the image."""
        size = self.transform.crop_size
        height, width = image.shape[:2]
        region = region_of(self.source, window, width, height, mirrored=mirrored)
        inside = 0 <= region.x1 <= region.x2 < width and 0 <= region.y1 <= region.y2 < height
        if not inside or region.width < 1 or region.height < 1:
            raise CaffeToolsError(f"the window exceeds its image of {width} x {height}")
        part = image[region.y1 : region.y2 + 1, region.x1 : region.x2 + 1]
        values = resize(part, region.height, region.width).transpose(2, 0, 1).astype(np.float32)
        if mirrored:
            values = values[:, :, ::-1]
        rows = slice(region.top, region.top + region.height)
        columns = slice(region.left, region.left + region.width)
        values = values - self._mean(values.shape[0], rows, columns)
        result = np.zeros((values.shape[0], size, size), np.float32)
        result[:, rows, columns] = values * np.float32(self.source.scale)
        return result

    def _mean(self, channels: int, rows: slice, columns: slice) -> NDArray[np.float32]:
        """Return the mean for a part of the net's input, from the centre of the mean image."""
        transform, size = self.transform, self.transform.crop_size
        if not transform.mean_file:
            return transform.channel_means(channels)
        mean = transform.mean
        offset = (mean.shape[2] - size) // 2
        if mean.shape[0] != channels or offset < 0 or mean.shape[1] < offset + size:
            text = f"the mean image is {mean.shape}, expected {channels} x {size} x {size} or more"
            raise CaffeToolsError(text)
        return mean[:, offset : offset + size, offset : offset + size][:, rows, columns]


def region_of(
    source: WindowFile, window: ImageWindow, width: int, height: int, *, mirrored: bool
) -> Region:
    """Return the region of a window with its context, in the image and in the net's input."""
    size, pad = source.transform.crop_size, source.context_pad
    x1, y1, x2, y2 = window[3:]
    if not pad and source.crop_mode != "square":
        return Region(x1, y1, x2, y2, size, size, 0, 0)
    if size <= 2 * pad:
        raise CaffeToolsError(f"expected a context_pad below half of {size}, found {pad}")
    # In single precision, as in Caffe: the rounding of halves depends on it.
    scale = np.float32(size) / np.float32(size - 2 * pad)
    half_height, half_width = np.float32(y2 - y1 + 1) / 2, np.float32(x2 - x1 + 1) / 2
    centre_x, centre_y = np.float32(x1) + half_width, np.float32(y1) + half_height
    if source.crop_mode == "square":
        half_height = half_width = max(half_height, half_width)
    x1, x2 = _round(centre_x - half_width * scale), _round(centre_x + half_width * scale)
    y1, y2 = _round(centre_y - half_height * scale), _round(centre_y + half_height * scale)
    scale_x = np.float32(size) / np.float32(x2 - x1 + 1)
    scale_y = np.float32(size) / np.float32(y2 - y1 + 1)
    before_x, before_y = max(0, -x1), max(0, -y1)
    after_x, after_y = max(0, x2 - width + 1), max(0, y2 - height + 1)
    x1, x2, y1, y2 = x1 + before_x, x2 - after_x, y1 + before_y, y2 - after_y
    left = _round(np.float32(after_x if mirrored else before_x) * scale_x)
    top = _round(np.float32(before_y) * scale_y)
    warped_width = min(_round(np.float32(x2 - x1 + 1) * scale_x), size - left)
    warped_height = min(_round(np.float32(y2 - y1 + 1) * scale_y), size - top)
    return Region(x1, y1, x2, y2, warped_width, warped_height, left, top)


def _round(value: np.floating) -> int:
    """Round halves away from 0, as C's round does."""
    return int(np.copysign(np.floor(abs(value) + np.float32(0.5)), value))


def read_windows(path: str) -> tuple[list[str], list[ImageWindow]]:
    """Read the images of a window file, and all windows in them.

    An image is `#` and its number, its file, channels, height, width and the number of windows;
    each window is a class, an overlap and two corners. Raises CaffeToolsError, located.
    """
    words = _Words(path)
    images: list[str] = []
    windows: list[ImageWindow] = []
    while words.left:
        words.read({"#": "#"}.__getitem__, "# before an image")
        words.read(str)  # its number; Caffe expects them to count from 0
        images.append(words.read(str))
        *_, count = [words.integer() for _ in range(4)]
        for _ in range(count):
            label, overlap = words.integer(), words.read(float, "a number")
            box = [words.integer() for _ in range(4)]
            windows.append(ImageWindow(len(images) - 1, label, overlap, *box))
    if not images:
        raise CaffeToolsError("the window file is empty", Location(path))
    return images, windows


class _Words:
    """The words of a file in order, the last of those `left` first; errors have their line."""

    def __init__(self, path: str) -> None:
        lines = enumerate(read_text(path).split("\n"), 1)
        words = [(word, Location(path, line)) for line, text in lines for word in text.split()]
        self.left, self._place = words[::-1], Location(path, 1)

    def integer(self) -> int:
        return self.read(int, "a whole number")

    def read(self, kind: Callable[[str], Value], expected: str = "") -> Value:
        """Return the next word as a value; `kind` raises ValueError or KeyError for another."""
        if not self.left:
            raise CaffeToolsError("the window file is cut off", self._place)
        word, self._place = self.left.pop()
        try:
            return kind(word)
        except (ValueError, KeyError):
            text = f"expected {expected}, found {word!a}"
            raise CaffeToolsError(text, self._place) from None
