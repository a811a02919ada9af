"""Image files as inputs of a net: resized, cropped, without their mean, scaled."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.image import decode, resize
from caffetools.formats.weights import read_weights
from caffetools.proto.source import decode as decode_text
from caffetools.proto.source import read_bytes
from caffetools.torch.export.preprocess import Preprocessing

Array = NDArray[np.float32]

CROPS = 10
"""Crops of an image with `oversample`: four corners and the center, and their mirror images."""

_IMAGES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class ImageSteps:
    """How an image becomes an input `(C, H, W)`, in BGR or grey, as Caffe's data layers do it."""

    height: int
    width: int
    gray: bool = False
    resize: tuple[int, int] | None = None
    """Height and width before the crop; None for those of the input, so that nothing is cropped."""
    mean: tuple[float, ...] = ()
    """To subtract from each channel."""
    mean_image: Array | None = None
    """To subtract instead, `(C, H, W)` of the input or of the resized image."""
    scale: float = 1.0

    def lines(self) -> str:
        """Return the steps in words."""
        parts = ["gray" if self.gray else "BGR, 0 to 255"]
        height, width = self.resize or (self.height, self.width)
        parts.append(f"resize to {height} x {width}")
        if self.resize is not None:
            parts.append(f"crop {self.height} x {self.width}")
        if self.mean_image is not None:
            parts.append("subtract a mean image")
        elif self.mean:
            parts.append(f"subtract {', '.join(f'{value:g}' for value in self.mean)}")
        if self.scale != 1:
            parts.append(f"times {self.scale:g}")
        return "; ".join(parts)

    def read(self, path: str, oversample: bool = False) -> Array:
        """Return the center crop of an image file `(1, C, H, W)`, or all CROPS of it.

        Raises CaffeToolsError, located at the file, for one that is no image.
        """
        try:
            pixels = decode(read_bytes(path), not self.gray)
        except CaffeToolsError as error:
            raise error.at(Location(path)) from None
        height, width = self.resize or (self.height, self.width)
        image = resize(pixels, height, width).astype(np.float32).transpose(2, 0, 1)
        rows, columns = height - self.height, width - self.width
        center = (rows // 2, columns // 2)
        corners = [(0, 0), (0, columns), (rows, 0), (rows, columns)]
        crops = [
            self.crop(image, *place) for place in ([*corners, center] if oversample else [center])
        ]
        if oversample:
            crops += [crop[:, :, ::-1] for crop in crops]
        return np.stack(crops)

    def crop(self, image: Array, top: int, left: int) -> Array:
        """Return a crop without the mean, scaled."""
        rows, columns = slice(top, top + self.height), slice(left, left + self.width)
        found = image[:, rows, columns]
        if self.mean_image is not None:
            whole = self.mean_image.shape[1:] == image.shape[1:]
            found = found - (self.mean_image[:, rows, columns] if whole else self.mean_image)
        elif self.mean:
            found = found - np.array(self.mean, np.float32).reshape(-1, 1, 1)
        return np.asarray(found * np.float32(self.scale), np.float32)

    def checked(self) -> ImageSteps:
        """Return the steps; raise CaffeToolsError for sizes and means that do not fit."""
        channels = 1 if self.gray else 3
        height, width = self.resize or (self.height, self.width)
        if height < self.height or width < self.width:
            text = f"the size {height} x {width} to resize to is below the input's"
            raise CaffeToolsError(f"{text}, {self.height} x {self.width}")
        if len(self.mean) not in (0, 1, channels):
            text = f"expected a mean for each of {channels} channels"
            raise CaffeToolsError(f"{text}, found {len(self.mean)}")
        sizes = [(channels, height, width), (channels, self.height, self.width)]
        if self.mean_image is not None and self.mean_image.shape not in sizes:
            expected = " or ".join(str(size) for size in dict.fromkeys(sizes))
            text = f"the mean image expected {expected}, found {self.mean_image.shape}"
            raise CaffeToolsError(text)
        return self


def steps_of(shape: tuple[int, ...], found: Preprocessing | None) -> ImageSteps:
    """Return the steps for an input `(N, C, H, W)`, with those of a net's data layer.

    Raises CaffeToolsError for an input that is no image.
    """
    if len(shape) != 4 or shape[1] not in (1, 3):
        text = f"expected an input of images, N x 1 or 3 x H x W, found {shape}"
        raise CaffeToolsError(text)
    steps = ImageSteps(shape[2], shape[3], gray=shape[1] == 1)
    if found is None:
        return steps
    size = found.size
    if found.mean_image is not None and size is None and found.crop_size:
        size = (found.mean_image.shape[1], found.mean_image.shape[2])
    return replace(
        steps, resize=size, mean=found.mean, mean_image=found.mean_image, scale=found.scale
    )


def with_file(steps: ImageSteps, path: str) -> ImageSteps:
    """Return the steps with those that `caffetools deploy --preprocess` wrote.

    Raises CaffeToolsError, located at the file, for any other file.
    """
    try:
        data: Mapping[str, Any] = json.loads(decode_text(path, read_bytes(path)).text)
        size = data["resize"]
        return replace(
            steps,
            resize=None if size is None else (int(size[0]), int(size[1])),
            mean=tuple(map(float, data["mean"])),
            scale=float(data["scale"]),
        )
    except (ValueError, KeyError, TypeError, IndexError) as error:
        text = f"expected what `deploy --preprocess` writes: {error}"
        raise CaffeToolsError(text, Location(path)) from None


def with_mean(steps: ImageSteps, text: str) -> ImageSteps:
    """Return the steps with the mean of a `.binaryproto`, or with numbers, one a channel."""
    if os.path.exists(text):
        (blob,) = read_weights(text, "binaryproto").layers[0].blobs
        return replace(steps, mean=(), mean_image=blob.as_float32((1, *blob.shape)[-3:]))
    try:
        values = tuple(float(value) for value in text.split(","))
    except ValueError:
        expected = "numbers with commas between, or a .binaryproto"
        raise CaffeToolsError(f"--mean expected {expected}, found {text!a}") from None
    return replace(steps, mean=values, mean_image=None)


def image_files(paths: Iterable[str]) -> list[str]:
    """Return the files, and the images in each folder, sorted by their names.

    Raises CaffeToolsError for a folder without images.
    """
    found: list[str] = []
    for path in paths:
        if not os.path.isdir(path):
            found.append(path)
            continue
        names = sorted(name for name in os.listdir(path) if name.lower().endswith(_IMAGES))
        if not names:
            raise CaffeToolsError("the folder holds no images", Location(path))
        found += (os.path.join(path, name) for name in names)
    return found


def image_batches(
    steps: ImageSteps, paths: list[str], size: int, oversample: bool
) -> Iterator[tuple[list[str], Array]]:
    """Yield batches of image files: their paths and `(files * crops, C, H, W)`."""
    for first in range(0, len(paths), size):
        part = paths[first : first + size]
        yield part, np.concatenate([steps.read(path, oversample) for path in part])
