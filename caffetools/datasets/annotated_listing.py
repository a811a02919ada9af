"""Images with annotations -> the records of an AnnotatedDatum database, as convert_annoset's."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caffetools.datasets.annotations import Note, names_of, read_boxes
from caffetools.datasets.convert import Conversion, Record, kind_of
from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.annotated_datum import annotated_datum
from caffetools.formats.datum import encoded_datum, raw_datum
from caffetools.formats.files import read_bytes, read_text
from caffetools.formats.opencv import decode_image, encode_image, opencv, with_channels

Annotated = tuple[str, "str | Mapping[str, Any]"]
"""An image by its path in the folder, and the path of its annotations, or they themselves."""


@dataclass(frozen=True)
class AnnotatedListing:
    """Images of a folder, the form of their annotations, and the number of each class."""

    folder: str
    images: tuple[Annotated, ...]
    form: str
    labels: Mapping[str, int]
    shown: tuple[str, ...] = ()
    """Names of the classes to display, if they differ."""

    def shuffled(self, seed: int) -> AnnotatedListing:
        """Return the images in a random order."""
        images = list(self.images)
        random.Random(seed).shuffle(images)
        return replace(self, images=tuple(images))

    def records(self, conversion: Conversion, note: Note) -> Iterator[Record]:
        """Return the records; `note` is called for what is odd and for each skipped image."""
        for number, (name, annotation) in enumerate(self.images):
            place = Location(os.path.join(self.folder, name))
            try:
                data = read_bytes(place.file)
                datum = _datum(data, name, conversion)
                height, width = decode_image(data, color=True).shape[:2]
            except CaffeToolsError as error:
                if conversion.strict:
                    raise error.at(place) from None
                note(f"{error.at(place)}; left out")
                continue
            if isinstance(annotation, str):
                annotation = os.path.join(self.folder, annotation)  # noqa: PLW2901
            boxes = read_boxes(annotation, self.form, self.labels, (height, width), note)
            key = f"{number:08}_{name}".encode("utf-8", "surrogateescape")
            yield key, annotated_datum(datum, boxes)


def _datum(data: bytes, name: str, conversion: Conversion) -> bytes:
    """Return the Datum of an image, with the label -1 (ReadImageToDatum)."""
    image = decode_image(data, color=not conversion.gray)
    resized = _resized(image, conversion)
    if not conversion.encoded and not conversion.encode_type:
        return raw_datum(resized, -1)
    own, wanted = (
        kind_of(each) for each in (os.path.splitext(name)[1][1:], conversion.encode_type)
    )
    # A file that already is of the type is kept, in colour even with --gray. Without a type, Caffe
    # guesses one with its dot, to which no file's ending is equal.
    if not wanted or wanted != own or conversion.resizes:
        data = encode_image(resized, wanted or own)
    return encoded_datum(data, -1, resized.shape)


def _resized(image: NDArray[np.uint8], conversion: Conversion) -> NDArray[np.uint8]:
    """Resize an image (ReadImageToCVMat)."""
    if conversion.min_dim or conversion.max_dim:
        extents = image.shape[:2]
        scale = np.float32(1)
        if min(extents) < conversion.min_dim:
            scale = np.float32(conversion.min_dim) / np.float32(min(extents))
        if conversion.max_dim and int(scale * np.float32(max(extents))) > conversion.max_dim:
            scale = np.float32(conversion.max_dim) / np.float32(max(extents))
        if scale == 1:
            return image
        return with_channels(opencv().resize(image, None, fx=float(scale), fy=float(scale)))
    if conversion.height and conversion.width:
        return with_channels(opencv().resize(image, (conversion.width, conversion.height)))
    return image


def listed_annotations(
    folder: str, path: str, form: str, labels: Mapping[str, int] | None
) -> AnnotatedListing:
    """Return the images of a list with lines `image annotation`, or of COCO's instances (.json).

    Without `labels`, classes count from 1 in the order of their names, or of COCO's categories.
    Raises CaffeToolsError, located, for a list that cannot be read.
    """
    if form == "coco" and path.endswith(".json"):
        return _coco_instances(folder, path, labels)
    words = read_text(path).split()
    images = tuple(zip(words[::2], words[1::2], strict=False))
    if not images:
        raise CaffeToolsError("expected lines of an image and its annotations", Location(path))
    if labels is None:
        found = (names_of(os.path.join(folder, annotation), form) for _, annotation in images)
        labels = {name: label for label, name in enumerate(sorted(set().union(*found)), 1)}
    return AnnotatedListing(folder, images, form, labels)


def _coco_instances(folder: str, path: str, labels: Mapping[str, int] | None) -> AnnotatedListing:
    try:
        read = json.loads(read_bytes(path))
        by_image: dict[int, list[Any]] = {image["id"]: [] for image in read["images"]}
        for each in read["annotations"]:
            by_image[each["image_id"]].append(each)
        images = tuple(
            (image["file_name"], {"image": image, "annotation": by_image[image["id"]]})
            for image in read["images"]
        )
        categories = sorted((each["id"], each["name"]) for each in read["categories"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CaffeToolsError(f"expected COCO's instances: {error!r}", Location(path)) from None
    if labels is not None:
        return AnnotatedListing(folder, images, "coco", labels)
    numbers = {str(number): label for label, (number, _) in enumerate(categories, 1)}
    return AnnotatedListing(folder, images, "coco", numbers, tuple(name for _, name in categories))
