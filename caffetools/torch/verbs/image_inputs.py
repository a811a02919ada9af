"""Image files as inputs of a net: resized, cropped, without their mean, scaled."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.image import decode, resize
from caffetools.formats.weights import read_weights
from caffetools.proto.source import read_bytes
from caffetools.torch.export.preprocess import ImageSteps

Array = NDArray[np.float32]

CROPS = 10
"""Crops of an image with `oversample`: four corners and the center, and their mirror images."""

_IMAGES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")


def read_image(steps: ImageSteps, path: str, oversample: bool = False) -> Array:
    """Return the center crop of an image file `(1, C, H, W)`, or all CROPS of it.

    Raises CaffeToolsError, located at the file, for one that is no image.
    """
    try:
        pixels = decode(read_bytes(path), not steps.gray)
    except CaffeToolsError as error:
        raise error.at(Location(path)) from None
    (height, width), center = steps.resized, steps.corner
    image = resize(pixels, height, width).astype(np.float32).transpose(2, 0, 1)
    rows, columns = height - steps.size[0], width - steps.size[1]
    corners = [(0, 0), (0, columns), (rows, 0), (rows, columns)]
    places = [*corners, center] if oversample else [center]
    crops = [crop_image(steps, image, *place) for place in places]
    if oversample:
        crops += [crop[:, :, ::-1] for crop in crops]
    return np.stack(crops)


def crop_image(steps: ImageSteps, image: Array, top: int, left: int) -> Array:
    """Return a crop without the mean, scaled."""
    rows, columns = slice(top, top + steps.size[0]), slice(left, left + steps.size[1])
    found = image[:, rows, columns]
    if steps.mean_image is not None:
        whole = steps.mean_image.shape[1:] == image.shape[1:]
        found = found - (steps.mean_image[:, rows, columns] if whole else steps.mean_image)
    elif steps.mean:
        found = found - np.array(steps.mean, np.float32).reshape(-1, 1, 1)
    return np.asarray(found * np.float32(steps.scale), np.float32)


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
        yield part, np.concatenate([read_image(steps, path, oversample) for path in part])
