"""The objects of an image in VOC's XML, COCO's JSON or lines of text (io.cpp of the SSD fork)."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.annotated_datum import Box
from caffetools.formats.files import read_bytes, read_text
from caffetools.proto.wire import single

Size = tuple[int, int]
"""Height and width of an image."""

Note = Callable[[str], None]


class Found(NamedTuple):
    """An object in pixels of an image of a size, height and width; corners of 0 for one without."""

    name: str
    size: Size
    corners: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    difficult: bool = False


def read_boxes(
    annotation: str | Mapping[str, Any], form: str, labels: Mapping[str, int], own: Size, note: Note
) -> list[Box]:
    """Return the boxes of a file, or of what json has read of it, in units of the image.

    `own` is the image's size, for a file that does not say it. A file that is missing has no boxes.
    `note` is called for what is odd. Raises CaffeToolsError, located, for what Caffe refuses.
    """
    place = Location(annotation) if isinstance(annotation, str) else None
    if place is not None and not os.path.exists(place.file):
        note(f"{place}: there is no such file: the image has no objects")
        return []
    counts: Counter[int] = Counter()
    boxes = []
    try:
        for found in _READERS[form](annotation, own):
            box = _in_units(found, int(found.name) if form == "txt" else labels.get(found.name))
            boxes.append(box._replace(instance=counts[box.label]))
            counts[box.label] += 1
            if not (0 <= box.xmin <= box.xmax <= 1 and 0 <= box.ymin <= box.ymax <= 1):
                note(f"{place or 'an annotation'}: a box of {found.name!a} exceeds its image")
    except CaffeToolsError as error:
        raise error if place is None else error.at(place) from None
    return boxes


def _in_units(found: Found, label: int | None) -> Box:
    """Return an object as a box in units of its image, in single precision."""
    if label is None:
        raise CaffeToolsError(f"unknown class {found.name!a}")
    height, width = found.size
    if not height or not width:
        raise CaffeToolsError(f"expected a height and a width, found {height} and {width}")
    xmin, ymin, xmax, ymax = found.corners
    x, y = (
        (single(xmin / width), single(xmax / width)),
        (single(ymin / height), single(ymax / height)),
    )
    return Box(label, 0, x[0], y[0], x[1], y[1], found.difficult)


def names_of(path: str, form: str) -> set[str]:
    """Return the names of the classes in a file, none in one that is missing."""
    if not os.path.exists(path):
        return set()
    return {found.name for found in _READERS[form](path, (1, 1))}


def _voc(annotation: str, own: Size) -> Iterator[Found]:
    """The objects of VOC's XML.

    A `name` begins an object, `bndbox` ends it: a `difficult` between the two counts, a later one
    does not.
    """
    try:
        root = ET.fromstring(read_bytes(annotation))  # noqa: S314  # the user's own file
    except ET.ParseError as error:
        raise CaffeToolsError(f"expected XML: {error}", Location(annotation)) from None
    if root.tag != "annotation":
        raise CaffeToolsError(f"expected an annotation, found {root.tag!a}", Location(annotation))
    sides = [_whole(root.findtext(f"size/{side}")) for side in ("height", "width")]
    size = own if None in sides else (sides[0] or 0, sides[1] or 0)
    for element in root.iterfind("object"):
        difficult, found = False, list[Found]()
        for child in element:
            if child.tag == "name":
                found.append(Found(child.text or "", size))
            elif child.tag == "difficult":
                difficult = child.text == "1"
            elif child.tag == "bndbox":
                if not found:
                    raise CaffeToolsError("expected a name before bndbox", Location(annotation))
                # As in Caffe, a number that is not whole is 0.
                sides = [_whole(child.findtext(each)) for each in ("xmin", "ymin", "xmax", "ymax")]
                corners = tuple(float(side or 0) for side in sides)
                found[-1] = found[-1]._replace(corners=corners, difficult=difficult)
        yield from found


def _coco(annotation: str | Mapping[str, Any], own: Size) -> Iterator[Found]:
    """The objects of a JSON file with the image and the annotations of one image, as COCO's."""
    try:
        read = json.loads(read_bytes(annotation)) if isinstance(annotation, str) else annotation
        image = read.get("image", {})
        size = (int(image["height"]), int(image["width"])) if "height" in image else own
        for each in read["annotation"]:
            x, y, width, height = (single(float(value)) for value in each["bbox"])
            corners = (x, y, single(x + width), single(y + height))
            crowd = bool(int(each.get("iscrowd", 0)))
            yield Found(str(each["category_id"]), size, corners, crowd)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        text = f"expected an image and its annotations as COCO has them: {error!r}"
        raise CaffeToolsError(text) from None


def _txt(annotation: str, own: Size) -> Iterator[Found]:
    """The objects of lines `label xmin ymin xmax ymax`, in pixels."""
    words = iter(read_text(annotation).split())
    with suppress(ValueError):  # C++'s streams end at a word that is no number
        for label, *sides in zip(words, words, words, words, words):  # noqa: B905  # a rest is cut
            corners = tuple(single(float(word)) for word in sides)
            yield Found(str(int(label)), own, corners)


def _whole(text: str | None) -> int | None:
    try:
        return int(text or "")
    except ValueError:
        return None


_READERS: dict[str, Callable[[Any, Size], Iterator[Found]]] = {
    "voc": _voc,
    "coco": _coco,
    "txt": _txt,
}
"""Readers of the objects of a file by its form."""
