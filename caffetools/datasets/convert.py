"""A database of Datum made of images, as Caffe's convert_imageset makes it."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any

from caffetools.datasets.folders import Listing
from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.datum import encoded_datum, raw_datum
from caffetools.formats.files import read_bytes
from caffetools.formats.image import decode, resize
from caffetools.formats.leveldb import plyvel_message

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LARGEST = 1 << 40
"""Bytes that an LMDB may come to hold; only those that it holds are taken."""

_TOGETHER = 1000
"""Records of one transaction, as in Caffe's tool."""

Record = tuple[bytes, bytes]
"""A key and its value."""


@dataclass(frozen=True)
class Conversion:
    """What is made of each image."""

    gray: bool = False
    height: int = 0
    width: int = 0
    """The size that all are brought to; 0 for their own."""
    encoded: bool = False
    """Keep them in a file's form?"""
    encode_type: str = ""
    """In which, jpg or png; empty for each file's own."""
    check_size: bool = False
    """Is it an error if one has another size than the first?"""
    strict: bool = False
    """Is an image that cannot be read an error? Otherwise it is left out, with a note."""


def convert(
    listing: Listing,
    output: str,
    backend: str,
    conversion: Conversion,
    tell: Callable[[str], None],
) -> int:
    """Write the database, whole or not at all; returns how many images it holds.

    `tell` takes notes on images that are left out. Raises CaffeToolsError, placed, for an output
    that is there or cannot be written, and for what `conversion` does not let pass.
    """
    if os.path.lexists(output):
        raise CaffeToolsError("this is there already", Location(output))
    try:
        beside = tempfile.mkdtemp(
            dir=os.path.dirname(os.path.realpath(output)), prefix=".caffetools-"
        )
    except OSError as error:
        raise CaffeToolsError(f"cannot be written: {error.strerror}", Location(output)) from None
    try:
        made = os.path.join(beside, "database")
        with _writer(made, backend, output) as write:
            count = 0
            records = _records(listing, conversion, tell)
            while batch := list(islice(records, _TOGETHER)):
                write(batch)
                count += len(batch)
        if not count:
            raise CaffeToolsError("no image could be read", Location(listing.folder))
        os.rename(made, output)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return count


def _records(
    listing: Listing, conversion: Conversion, tell: Callable[[str], None]
) -> Iterator[Record]:
    first: tuple[int, ...] | None = None
    for number, line in enumerate(listing.images):
        place = Location(os.path.join(listing.folder, line.image))
        try:
            name, label = line.whole
            value, shape = _record(place.file, label, conversion)
        except CaffeToolsError as error:
            if conversion.strict:
                raise error.at(place) from None
            tell(f"{error.at(place)}; left out")
            continue
        first = first or shape
        if conversion.check_size and shape != first:
            raise CaffeToolsError(f"expected {first} as the first image, found {shape}", place)
        yield f"{number:08}_{name}".encode("utf-8", "surrogateescape"), value


def _record(path: str, label: int, conversion: Conversion) -> tuple[bytes, tuple[int, ...]]:
    """A Datum, and the image's shape."""
    data = read_bytes(path)
    image = decode(data, color=not conversion.gray)
    if conversion.height and conversion.width:
        image = resize(image, conversion.height, conversion.width)
    if not conversion.encoded and not conversion.encode_type:
        return raw_datum(image, label), image.shape
    own = _kind(os.path.splitext(path)[1].lstrip("."))
    wanted = _kind(conversion.encode_type) or own
    # Caffe's tool keeps the file's own bytes where they would do, of colour images even for grey.
    if wanted != own or (conversion.height and conversion.width):
        data = _encode(image, wanted)
    return encoded_datum(data, label), image.shape


def _kind(ending: str) -> str:
    lower = ending.lower()
    return "jpg" if lower == "jpeg" else lower


def _encode(image: NDArray[np.uint8], kind: str) -> bytes:
    from PIL import Image

    rgb = image[:, :, ::-1] if image.shape[2] == 3 else image[:, :, 0]
    stream = io.BytesIO()
    options = {"quality": 95} if kind == "jpg" else {}  # OpenCV's default
    try:
        Image.fromarray(rgb).save(stream, "JPEG" if kind == "jpg" else kind.upper(), **options)
    except (KeyError, OSError, ValueError) as error:
        raise CaffeToolsError(f"cannot be encoded as {kind!a}: {error}") from None
    return stream.getvalue()


@contextmanager
def _writer(path: str, backend: str, shown: str) -> Iterator[Callable[[list[Record]], None]]:
    """What writes records to a new database; its errors become CaffeToolsErrors, placed."""
    try:
        library: Any = import_module("lmdb" if backend == "LMDB" else "plyvel")
    except ImportError as error:
        text = f"writing {backend} takes {error.name}: pip install 'caffetools[data]'"
        raise CaffeToolsError(text, Location(shown)) from None
    try:
        if backend == "LMDB":
            with library.open(path, map_size=_LARGEST) as environment:
                yield lambda records: _put_all(environment.begin(write=True), records)
        else:
            database = library.DB(path, create_if_missing=True)
            try:
                yield lambda records: _put_all(database.write_batch(), records)
            finally:
                database.close()
    except (library.Error, OSError) as error:
        raise CaffeToolsError(
            f"cannot be written: {plyvel_message(error)}", Location(shown)
        ) from None


def _put_all(transaction: Any, records: list[Record]) -> None:
    """All records or, where one fails, none."""
    with transaction:
        for key, value in records:
            transaction.put(key, value)
