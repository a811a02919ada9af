"""Which images there are, each with its label: as a list says, or as folders are named."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass

from caffetools.errors import CaffeToolsError, Location
from caffetools.torch.training.data.image_list import Line, read_list

_ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class Listing:
    """Images of a folder, by their paths within it, and the names of the classes."""

    folder: str
    images: tuple[Line, ...]
    classes: tuple[str, ...] = ()
    """Empty where a list gave the labels."""

    def shuffled(self, seed: int) -> Listing:
        """The same images in an order that the seed says."""
        images = list(self.images)
        random.Random(seed).shuffle(images)
        return Listing(self.folder, tuple(images), self.classes)


def listed(folder: str, path: str) -> Listing:
    """The images of a list, `path label` a line, in a folder."""
    return Listing(folder, tuple(read_list(path)))


def found(folder: str) -> Listing:
    """The images in the folders of a folder: each of these is a class, in the order of the names.

    Raises CaffeToolsError, placed, for a folder without such images.
    """
    try:
        classes = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    except OSError as error:
        raise CaffeToolsError(f"cannot be read: {error.strerror}", Location(folder)) from None
    images = [
        Line(os.path.join(name, image), label)
        for label, name in enumerate(classes)
        for image in sorted(os.listdir(os.path.join(folder, name)))
        if image.lower().endswith(_ENDINGS)
    ]
    if not images:
        text = "expected a folder of images for each class, found none; or give --list"
        raise CaffeToolsError(text, Location(folder))
    return Listing(folder, tuple(images), tuple(classes))
