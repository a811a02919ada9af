"""OpenCV, which decodes, resizes and distorts images as the SSD fork of Caffe does."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError


def opencv() -> Any:
    """Return the module `cv2`; raise CaffeToolsError if it is not installed."""
    try:
        module = import_module("cv2")
    except ImportError:
        text = "annotated images need OpenCV: pip install opencv-python-headless"
        raise CaffeToolsError(text) from None
    module.setNumThreads(0)  # its threads do not survive in worker processes
    return module


def decode_image(data: bytes, color: bool | None) -> NDArray[np.uint8]:
    """Decode an image file to (height, width, channels), as Caffe's DecodeDatumToCVMat.

    In colour (BGR), in grey, or with None as stored, alpha included. Raises CaffeToolsError for
    bytes that are no image of 8 bits.
    """
    import numpy as np

    cv2 = opencv()
    flags = {True: cv2.IMREAD_COLOR, False: cv2.IMREAD_GRAYSCALE}
    # The OpenCV of the fork's time did not turn images by their metadata.
    flag = cv2.IMREAD_UNCHANGED if color is None else flags[color] | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flag) if data else None
    except cv2.error as error:
        raise CaffeToolsError(f"the image cannot be decoded: {error.err}") from None
    if image is None:
        raise CaffeToolsError("the image cannot be decoded: OpenCV does not know its format")
    if image.dtype != np.uint8:
        raise CaffeToolsError(f"expected pixels of 8 bits, found {image.dtype}")
    return with_channels(image)


def encode_image(image: NDArray[np.uint8], kind: str = "jpg") -> bytes:
    """Encode an image as a file of a kind, with OpenCV's default quality (95 for JPEG)."""
    cv2 = opencv()
    try:
        done, data = cv2.imencode(f".{kind}", image)
    except cv2.error as error:
        raise CaffeToolsError(f"cannot be encoded as {kind!a}: {error.err}") from None
    if not done:
        raise CaffeToolsError(f"cannot be encoded as {kind!a}")
    return bytes(data)


def with_channels(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image of (height, width, channels): OpenCV drops the axis of one channel."""
    return image[:, :, None] if image.ndim == 2 else image
