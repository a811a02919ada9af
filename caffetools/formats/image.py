"""Images as OpenCV reads them for Caffe: their size without decoding, their pixels, resizing.

The size is known for the formats that OpenCV has always read: JPEG, PNG, BMP and PNM. Pixels are
decoded with Pillow, as bytes with the channels in the order BGR.
"""

from __future__ import annotations

import re
import struct
import warnings
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from caffetools.errors import CaffeToolsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HEADER = 1 << 20
"""Bytes from the start to search for a size: a JPEG may have long metadata before it."""

_WEIGHT_BITS = 11
"""Of OpenCV's fixed-point weights (INTER_RESIZE_COEF_BITS)."""


class ImageSize(NamedTuple):
    """Size of the image that OpenCV would decode."""

    height: int
    width: int
    channels: int | None
    """As stored in the file, alpha included; None if a palette decides."""


def read_start(path: str) -> bytes:
    """Read as much of a file as `image_size` looks at."""
    with open(path, "rb") as file:
        return file.read(HEADER)


def image_size(data: bytes) -> ImageSize | None:
    """Return the size of the image that begins with these bytes; None for other bytes."""
    read = _READERS.get(data[:2])
    if read is None:
        return None
    try:
        size = read(BytesIO(data[2:HEADER]))
    except (struct.error, ValueError):  # cut off
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
    """The header chunk, always the first (https://www.w3.org/TR/png/#11IHDR)."""
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
    """Return a reader of netpbm's headers: width and height in decimals, comments between."""
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
"""Readers of a size by the first two bytes."""


def decode(data: bytes, color: bool | None) -> NDArray[np.uint8]:
    """Decode an image file to shape (height, width, channels).

    In colour, in grey, or with None as stored, alpha included. Raises CaffeToolsError for bytes
    that are no image, or a damaged one.
    """
    import numpy as np

    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise CaffeToolsError("images need Pillow: pip install Pillow") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(BytesIO(data))
            if color is False:
                image.draft("L", image.size)  # a JPEG has a grey channel, which OpenCV takes
            mode = _own_mode(image) if color is None else "RGB" if color else "L"
            array: NDArray[np.uint8] = np.asarray(image.convert(mode))
    except UnidentifiedImageError:
        text = "the image cannot be decoded: Pillow does not know its format"
        raise CaffeToolsError(text) from None
    except Exception as error:  # noqa: BLE001  # damaged files make Pillow raise anything
        raise CaffeToolsError(f"the image cannot be decoded: {error}") from None
    if array.ndim == 2:
        return array[:, :, np.newaxis]
    bgr: NDArray[np.uint8] = array[:, :, [2, 1, 0, 3][: array.shape[2]]]
    return bgr


def resize(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Resize as cv::resize does by default: bilinear, in its fixed-point arithmetic.

    Exactly half the size in both axes is the mean of 2 x 2 pixels, as in OpenCV.
    """
    import numpy as np

    old_height, old_width = image.shape[:2]
    if (height, width) == (old_height, old_width):
        return image
    if (old_height, old_width) == (2 * height, 2 * width):
        blocks = image.reshape(height, 2, width, 2, -1).astype(np.int32)
        halved: NDArray[np.uint8] = ((blocks.sum((1, 3)) + 2) >> 2).astype(np.uint8)
        return halved
    rows, next_rows, row_weights = _taps(old_height, height)
    columns, next_columns, column_weights = _taps(old_width, width)
    column_weights = np.where(columns == next_columns, 0, column_weights)
    pixels = image.astype(np.int64)
    right = column_weights[np.newaxis, :, np.newaxis]
    lines = pixels[:, columns] * ((1 << _WEIGHT_BITS) - right) + pixels[:, next_columns] * right
    lower = row_weights[:, np.newaxis, np.newaxis]
    upper = (1 << _WEIGHT_BITS) - lower
    above, below = lines[rows] >> 4, lines[next_rows] >> 4
    total = ((upper * above) >> 16) + ((lower * below) >> 16)
    return ((total + 2) >> 2).astype(np.uint8)


def _taps(old: int, new: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For each new pixel, the two old ones around its centre and the weight of the second."""
    import numpy as np

    scale = old / new
    place = ((np.arange(new) + 0.5) * scale - 0.5).astype(np.float32)
    first = np.floor(place).astype(np.int64)
    part = place - first
    weight = np.rint(part * (1 << _WEIGHT_BITS)).astype(np.int64)
    return first.clip(0, old - 1), (first + 1).clip(0, old - 1), weight


def _own_mode(image: Any) -> str:
    """Return the mode that OpenCV decodes to with IMREAD_UNCHANGED."""
    if image.mode in ("1", "L", "LA", "I;16", "I", "F"):
        if image.mode in ("I;16", "I", "F"):
            raise ValueError(f"expected pixels of 8 bits, found mode {image.mode}")
        return "L" if image.mode != "LA" else "RGBA"
    return "RGBA" if image.mode in ("RGBA", "RGBa") else "RGB"
