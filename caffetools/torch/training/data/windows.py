"""WindowData: windows of images, warped to one size (window_data_layer.cpp; R-CNN)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from caffetools.errors import CaffeToolsError, Location
from caffetools.torch.training.data.images import resize
from caffetools.torch.training.data.sources import Arrays, Items, Place, read_image
from caffetools.torch.training.data.transform import Transform

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Window(NamedTuple):
    """A box in an image; the corners belong to it."""

    image: int
    label: int
    overlap: float
    x1: int
    y1: int
    x2: int
    y2: int


class Region(NamedTuple):
    """What is cut out of the image, what size it is warped to, and where it is put."""

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
    """The windows of a file: in each batch backgrounds first, then foregrounds, both at random."""

    tops: tuple[str, ...]
    source: str
    batch_size: int
    transform: Transform = field(default_factory=Transform)
    scale: float = 1.0
    """The layer reads its own scale, not that of transform_param."""
    fg_threshold: float = 0.5
    bg_threshold: float = 0.5
    fg_fraction: float = 0.25
    context_pad: int = 0
    crop_mode: str = "warp"
    root_folder: str = ""

    workers = 2

    def open(self, place: Place) -> Items:
        """Its items."""
        return _Windows(self, place)


class _Windows:
    def __init__(self, source: WindowFile, place: Place) -> None:
        self.source, self.place = source, place
        path = place.find(source.source)
        self.images, windows = read_windows(path)
        self.foreground = [each for each in windows if each.overlap >= source.fg_threshold]
        self.background = [
            each._replace(label=0)
            for each in windows
            if each.overlap < min(source.bg_threshold, source.fg_threshold)
        ]
        if not self.foreground or not self.background:
            found = f"found {len(self.foreground)} and {len(self.background)}"
            text = f"expected windows of objects and of background, {found}"
            raise CaffeToolsError(text, Location(path))
        if any(each.label < 1 for each in self.foreground):
            raise CaffeToolsError("an object's window has a label below 1", Location(path))

    def read(self, number: int, slot: int) -> Arrays:
        """A window's values and label."""
        source, draws = self.source, self.place.draws(number)
        objects = int(np.float32(source.batch_size) * np.float32(source.fg_fraction))
        is_object = slot >= source.batch_size - objects
        windows = self.foreground if is_object else self.background
        window = windows[draws.below(len(windows))]
        mirrored = source.transform.mirror and draws.below(2) == 1
        path = self.place.find(source.root_folder + self.images[window.image])
        image = read_image(path, color=True)
        return self.warped(image, window, mirrored=mirrored), np.float32(window.label)

    def warped(
        self, image: NDArray[np.uint8], window: Window, *, mirrored: bool
    ) -> NDArray[np.float32]:
        """A window of an image, channels x crop x crop; 0 where it lies outside of the image."""
        transform, size = self.source.transform, self.source.transform.crop_size
        region = region_of(self.source, window, image.shape[1], image.shape[0], mirrored=mirrored)
        part = image[region.y1 : region.y2 + 1, region.x1 : region.x2 + 1]
        if not part.size or region.width < 1 or region.height < 1:
            raise CaffeToolsError(f"the window {window[3:]} lies outside of its image")
        values = resize(part, region.height, region.width).transpose(2, 0, 1).astype(np.float32)
        if mirrored:
            values = values[:, :, ::-1]
        rows = slice(region.top, region.top + region.height)
        columns = slice(region.left, region.left + region.width)
        if transform.mean_file:
            offset = (transform.mean.shape[2] - size) // 2
            mean = transform.mean[:, offset : offset + size, offset : offset + size]
            values = values - mean[:, rows, columns]
        elif transform.mean_values:
            values = values - np.array(transform.mean_values, np.float32).reshape(-1, 1, 1)
        result = np.zeros((values.shape[0], size, size), np.float32)
        result[:, rows, columns] = values * np.float32(self.source.scale)
        return result


def region_of(
    source: WindowFile, window: Window, width: int, height: int, *, mirrored: bool
) -> Region:
    """Where a window lies in an image of this size, with its context, and in the net's input."""
    size, pad = source.transform.crop_size, source.context_pad
    x1, y1, x2, y2 = window[3:]
    if not pad and source.crop_mode != "square":
        return Region(x1, y1, x2, y2, size, size, 0, 0)
    scale = size / (size - 2 * pad)
    half_height, half_width = (y2 - y1 + 1) / 2, (x2 - x1 + 1) / 2
    centre_x, centre_y = x1 + half_width, y1 + half_height
    if source.crop_mode == "square":
        half_height = half_width = max(half_height, half_width)
    x1, x2 = _round(centre_x - half_width * scale), _round(centre_x + half_width * scale)
    y1, y2 = _round(centre_y - half_height * scale), _round(centre_y + half_height * scale)
    scale_x, scale_y = size / (x2 - x1 + 1), size / (y2 - y1 + 1)
    before_x, before_y = max(0, -x1), max(0, -y1)
    after_x, after_y = max(0, x2 - width + 1), max(0, y2 - height + 1)
    x1, x2, y1, y2 = x1 + before_x, x2 - after_x, y1 + before_y, y2 - after_y
    left = _round((after_x if mirrored else before_x) * scale_x)
    top = _round(before_y * scale_y)
    return Region(
        x1,
        y1,
        x2,
        y2,
        min(_round((x2 - x1 + 1) * scale_x), size - left),
        min(_round((y2 - y1 + 1) * scale_y), size - top),
        left,
        top,
    )


def read_windows(path: str) -> tuple[list[str], list[Window]]:
    """The images of a window file, and all windows in them.

    An image is `#` and its number, its file, channels, height, width and the number of windows;
    each of these is a class, an overlap and two corners. Raises CaffeToolsError, placed.
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            words = iter(file.read().split())
    except OSError as error:
        raise CaffeToolsError(f"cannot be read: {error.strerror}", Location(path)) from None
    images: list[str] = []
    windows: list[Window] = []
    try:
        for mark in words:
            _check_mark(mark)
            next(words)  # its number, which Caffe takes to count from 0
            images.append(next(words))
            windows += _windows_of(len(images) - 1, words)
    except StopIteration:
        text = f"image {len(images)} of the window file is cut off"
        raise CaffeToolsError(text, Location(path)) from None
    except ValueError as error:
        text = f"image {len(images)} of the window file: {error}"
        raise CaffeToolsError(text, Location(path)) from None
    if not images:
        raise CaffeToolsError("the window file is empty", Location(path))
    return images, windows


def _check_mark(mark: str) -> None:
    if mark != "#":
        raise ValueError(f"expected # before an image, found {mark!a}")


def _windows_of(image: int, words: Iterator[str]) -> list[Window]:
    """The windows of an image, from behind its file's name."""
    *_, count = (int(next(words)) for _ in range(4))
    return [
        Window(image, int(next(words)), float(next(words)), *(int(next(words)) for _ in range(4)))
        for _ in range(count)
    ]


def _round(value: float) -> int:
    """C's round: halves away from 0."""
    return int(np.copysign(np.floor(abs(value) + 0.5), value))
