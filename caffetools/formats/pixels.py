"""Images as OpenCV reads them for Caffe: bytes, channels in the order BGR."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from caffetools.errors import CaffeToolsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BITS = 11
"""Of OpenCV's fixed-point weights (INTER_RESIZE_COEF_BITS)."""


def decode(data: bytes, color: bool | None) -> NDArray[np.uint8]:
    """An image file as height x width x channels.

    In colour, in grey, or with None as it is, alpha included. Raises CaffeToolsError for bytes that
    are no image, or a damaged one.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise CaffeToolsError("images need Pillow: pip install Pillow") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata: the pixels count
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data))
            if color is False:
                image.draft("L", image.size)  # a JPEG has a grey channel, which OpenCV takes
            mode = _own_mode(image) if color is None else "RGB" if color else "L"
            array: NDArray[np.uint8] = np.asarray(image.convert(mode))
    except UnidentifiedImageError:
        text = "the image cannot be decoded: it is of no kind that Pillow knows"
        raise CaffeToolsError(text) from None
    except Exception as error:  # noqa: BLE001  # damaged files make Pillow raise anything
        raise CaffeToolsError(f"the image cannot be decoded: {error}") from None
    if array.ndim == 2:
        return array[:, :, np.newaxis]
    bgr: NDArray[np.uint8] = array[:, :, [2, 1, 0, 3][: array.shape[2]]]
    return bgr


def resize(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """cv::resize with its default, bilinear from pixel centres, in its fixed-point arithmetic.

    Exactly half the size in both axes is the mean of 2 x 2 pixels, as OpenCV has it.
    """
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
    lines = pixels[:, columns] * ((1 << _BITS) - right) + pixels[:, next_columns] * right
    lower = row_weights[:, np.newaxis, np.newaxis]
    upper = (1 << _BITS) - lower
    above, below = lines[rows] >> 4, lines[next_rows] >> 4
    total = ((upper * above) >> 16) + ((lower * below) >> 16)
    return ((total + 2) >> 2).astype(np.uint8)


def _taps(old: int, new: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For each new pixel the two old ones around its centre, and the weight of the second."""
    scale = old / new
    place = ((np.arange(new) + 0.5) * scale - 0.5).astype(np.float32)
    first = np.floor(place).astype(np.int64)
    part = place - first
    weight = np.rint(part * (1 << _BITS)).astype(np.int64)
    return first.clip(0, old - 1), (first + 1).clip(0, old - 1), weight


def _own_mode(image: Any) -> str:
    """What OpenCV makes of an image that it is to leave as it is."""
    if image.mode in ("1", "L", "LA", "I;16", "I", "F"):
        if image.mode in ("I;16", "I", "F"):
            raise ValueError(f"it has pixels of kind {image.mode}, not of 8 bits")
        return "L" if image.mode != "LA" else "RGBA"
    return "RGBA" if image.mode in ("RGBA", "RGBa") else "RGB"
