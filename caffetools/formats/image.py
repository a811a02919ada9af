"""The size of an image from its first bytes, without decoding it.

Knows the kinds that OpenCV read for Caffe from the first day: JPEG, PNG, BMP and PNM.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from io import BytesIO
from typing import NamedTuple

HEADER = 1 << 20
"""Bytes from the start in which a size is sought: a JPEG may have pages of metadata before it."""


class ImageSize(NamedTuple):
    """The image as OpenCV would decode it."""

    height: int
    width: int
    channels: int | None
    """As the file stores them, with alpha; None where a palette decides."""


def read_start(path: str) -> bytes:
    """As much of a file as the size of an image may stand in."""
    with open(path, "rb") as file:
        return file.read(HEADER)


def image_size(data: bytes) -> ImageSize | None:
    """The size of the image that begins with these bytes; None for what is not such an image."""
    read = _READERS.get(data[:2])
    if read is None:
        return None
    try:
        size = read(BytesIO(data[2:HEADER]))
    except (struct.error, ValueError):  # it ends too early
        return None
    return size if size and size.height > 0 and size.width > 0 else None


def _jpeg(file: BytesIO) -> ImageSize | None:
    """The first frame header among the segments (ITU-T T.81, annex B)."""
    while True:
        mark, kind = file.read(2)
        while mark == kind == 0xFF:  # fill bytes
            (kind,) = file.read(1)
        if mark != 0xFF or kind in (0xD9, 0xDA):  # the image's end, or its data
            return None
        if kind == 0x01 or 0xD0 <= kind <= 0xD7:  # markers alone
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width, components = struct.unpack(">xHHB", file.read(6))
            return ImageSize(height, width, 1 if components == 1 else 3)
        if length < 2:
            return None
        file.seek(length - 2, 1)


def _png(file: BytesIO) -> ImageSize | None:
    """The header chunk, which stands first (https://www.w3.org/TR/png/#11IHDR)."""
    start, width, height, colour = struct.unpack(">14sIIxB", file.read(24))
    if start[:6] != b"NG\r\n\x1a\n" or start[10:] != b"IHDR":
        return None
    # Grey, colour, palette; grey and colour with alpha, of which OpenCV makes four channels.
    return ImageSize(height, width, {0: 1, 2: 3, 3: 3, 4: 4, 6: 4}.get(colour))


def _bmp(file: BytesIO) -> ImageSize:
    """The bitmap's header, in OS/2's short form or in Windows'."""
    (length,) = struct.unpack("<12xI", file.read(16))
    form = "<HHxxH" if length == 12 else "<iixxH"
    width, height, bits = struct.unpack(form, file.read(struct.calcsize(form)))
    return ImageSize(abs(height), width, 3 if bits > 8 else None)  # height below 0: top row first


def _pnm(channels: int) -> Callable[[BytesIO], ImageSize | None]:
    """A reader of netpbm's headers: width and height in decimals, comments between."""
    blanks = rb"(?:\s|#[^\n]*\n)+"
    header = re.compile(blanks + rb"(\d{1,9})" + blanks + rb"(\d{1,9})\s")

    def read(file: BytesIO) -> ImageSize | None:
        found = header.match(file.read(4096))
        return ImageSize(int(found[2]), int(found[1]), channels) if found else None

    return read


_READERS = {
    b"\xff\xd8": _jpeg,
    b"\x89P": _png,
    b"BM": _bmp,
    **{b"P%d" % kind: _pnm(3 if kind in (3, 6) else 1) for kind in range(1, 7)},
}
"""By the first two bytes."""
