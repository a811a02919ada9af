"""Convert images to a database of Datum, as Caffe's convert_imageset does."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.database import plyvel_message
from caffetools.formats.datum import encoded_datum, raw_datum
from caffetools.formats.files import read_bytes
from caffetools.formats.image import decode, resize
from caffetools.torch.training.data.image_list import ListedImage, read_list
from caffetools.writing import placed_errors, temporary_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


_LARGEST = 1 << 40
_SMALLEST = 1 << 24
"""Bounds of an LMDB's map in bytes; it takes only what it holds."""

_TOGETHER = 1000
"""Records in a transaction, as in Caffe's tool."""

Record = tuple[bytes, bytes]
"""A key and its value."""


@dataclass(frozen=True)
class Conversion:
    """Options of convert_imageset.

    `height` and `width` are the size to resize to, 0 for the image's own. `encoded` stores files
    rather than pixels, of `encode_type` (jpg or png; empty for each file's own). With `check_size`
    images of different sizes are an error, with `strict` an image that cannot be read is;
    otherwise it is skipped with a note. Images with annotations keep their aspect with `min_dim`
    and `max_dim`, bounds of the shorter and the longer side.
    """

    gray: bool = False
    height: int = 0
    width: int = 0
    encoded: bool = False
    encode_type: str = ""
    check_size: bool = False
    strict: bool = False
    min_dim: int = 0
    max_dim: int = 0

    @property
    def resizes(self) -> bool:
        """Whether images may change their size."""
        return bool((self.height and self.width) or self.min_dim or self.max_dim)


class Records(Protocol):
    """What a database is made of."""

    @property
    def folder(self) -> str:
        """The folder of the images."""

    def records(self, conversion: Conversion, note: Callable[[str], None]) -> Iterator[Record]:
        """Return the records; `note` is called for each skipped image."""


def convert(
    listing: Records,
    output: str,
    backend: str,
    conversion: Conversion,
    note: Callable[[str], None],
    tell: Callable[[int], None] | None = None,
) -> int:
    """Write a database atomically and return its number of images.

    `note` is called for each skipped image, `tell` again and again with how many have been written.
    Raises CaffeToolsError, located, if the output exists
    or cannot be written, and for images that `conversion` does not accept.
    """
    if os.path.lexists(output):
        raise CaffeToolsError("this is there already", Location(output))
    with placed_errors("cannot be written", output), temporary_folder(output) as temporary:
        made = os.path.join(temporary, "database")
        with _writer(made, backend, output) as write:
            count = 0
            records = listing.records(conversion, note)
            while batch := list(islice(records, _TOGETHER)):
                write(batch)
                count += len(batch)
                if tell is not None:
                    tell(count)
        if not count:
            raise CaffeToolsError("no image could be read", Location(listing.folder))
        os.rename(made, output)
    return count


def _record(path: str, label: int, conversion: Conversion) -> tuple[bytes, tuple[int, ...]]:
    """Return a Datum and the image's shape."""
    data = read_bytes(path)
    image = decode(data, color=not conversion.gray)
    if conversion.height and conversion.width:
        image = resize(image, conversion.height, conversion.width)
    if not conversion.encoded and not conversion.encode_type:
        return raw_datum(image, label), image.shape
    own = kind_of(os.path.splitext(path)[1].lstrip("."))
    wanted = kind_of(conversion.encode_type) or own
    # Caffe's tool keeps the file's bytes if type and size match, in colour even with --gray.
    if wanted != own or (conversion.height and conversion.width):
        data = _encode(image, wanted)
    return encoded_datum(data, label), image.shape


def kind_of(ending: str) -> str:
    """Return the type of image of a file's ending."""
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
    """Yield a function that writes records to a new database; errors are located."""
    try:
        library: Any = import_module("lmdb" if backend == "LMDB" else "plyvel")
    except ImportError as error:
        text = f"writing {backend} takes {error.name}: pip install 'caffetools[data]'"
        raise CaffeToolsError(text, Location(shown)) from None
    try:
        if backend == "LMDB":
            with _environment(library, path) as environment:
                yield lambda records: _put_all(environment.begin(write=True), records)
        else:
            database = library.DB(path, create_if_missing=True)
            try:
                yield lambda records: _put_all(database.write_batch(), records)
            finally:
                database.close()
    except (library.Error, OSError) as error:
        text = f"cannot be written: {plyvel_message(error)}"
        raise CaffeToolsError(text, Location(shown)) from None


def _environment(library: Any, path: str) -> Any:
    """Open a new LMDB with as large a map as the process may have, up to `_LARGEST`."""
    for size in (_LARGEST, 1 << 36, 1 << 32, 1 << 28):
        with suppress(library.MemoryError):  # under a limit of the address space
            return library.open(path, map_size=size)
    return library.open(path, map_size=_SMALLEST)


def _put_all(transaction: Any, records: list[Record]) -> None:
    """Write all records or, if one fails, none."""
    with transaction:
        for key, value in records:
            transaction.put(key, value)


_ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class Listing:
    """Images of a folder by their paths in it, and the names of the classes, if they have any."""

    folder: str
    images: tuple[ListedImage, ...]
    classes: tuple[str, ...] = ()

    def shuffled(self, seed: int) -> Listing:
        """Return the images in a random order."""
        images = list(self.images)
        random.Random(seed).shuffle(images)
        return Listing(self.folder, tuple(images), self.classes)

    def records(self, conversion: Conversion, note: Callable[[str], None]) -> Iterator[Record]:
        """Return the records; `note` is called for each skipped image."""
        first: tuple[int, ...] | None = None
        for number, line in enumerate(self.images):
            place = Location(os.path.join(self.folder, line.image))
            try:
                name, label = line.whole
                value, shape = _record(place.file, label, conversion)
            except CaffeToolsError as error:
                if conversion.strict:
                    raise error.at(place) from None
                note(f"{error.at(place)}; left out")
                continue
            first = first or shape
            if conversion.check_size and shape != first:
                raise CaffeToolsError(f"expected {first} as the first image, found {shape}", place)
            yield f"{number:08}_{name}".encode("utf-8", "surrogateescape"), value


def listed(folder: str, path: str) -> Listing:
    """Return the images of a list with lines `path label`, in a folder."""
    return Listing(folder, tuple(read_list(path)))


def found(folder: str) -> Listing:
    """Return the images in the subfolders of a folder, each a class, in the order of their names.

    Raises CaffeToolsError, located, for a folder without such images.
    """
    with placed_errors("cannot be read", folder):
        classes = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    images = [
        ListedImage(os.path.join(name, image), label)
        for label, name in enumerate(classes)
        for image in sorted(os.listdir(os.path.join(folder, name)))
        if image.lower().endswith(_ENDINGS)
    ]
    if not images:
        text = "expected a folder of images for each class, found none; or give --list"
        raise CaffeToolsError(text, Location(folder))
    return Listing(folder, tuple(images), tuple(classes))
