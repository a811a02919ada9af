"""Images as files, for tests."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image


def encoded(array: Any, form: str = "PNG") -> bytes:
    """An array of height x width, or height x width x RGB, as an image file."""
    stream = io.BytesIO()
    Image.fromarray(np.asarray(array, np.uint8)).save(stream, form)
    return stream.getvalue()


COLOURS = np.array([[[10, 20, 30], [40, 50, 60]]], np.uint8)
"""1 x 2 pixels of red, green and blue."""
