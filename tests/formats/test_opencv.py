from __future__ import annotations

import sys

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.formats.opencv import decode_image, encode_image, opencv, with_channels

BGR = np.array([[[10, 20, 30], [40, 50, 60]]], np.uint8)


def test_without_opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(CaffeToolsError, match="pip install opencv-python-headless"):
        opencv()


def test_an_image_and_its_colours() -> None:
    pytest.importorskip("cv2")
    data = encode_image(BGR, "png")
    assert (decode_image(data, color=None) == BGR).all()
    assert (decode_image(data, color=True) == BGR).all()
    # Of blue, green and red: 0.114 * 10 + 0.587 * 20 + 0.299 * 30 = 21.85, which libpng cuts.
    assert decode_image(data, color=False).tolist() == [[[21], [51]]]


@pytest.mark.parametrize("data", [b"", b"no image"])
def test_no_image(data: bytes) -> None:
    pytest.importorskip("cv2")
    with pytest.raises(CaffeToolsError, match="the image cannot be decoded"):
        decode_image(data, color=True)


def test_more_than_eight_bits() -> None:
    cv2 = pytest.importorskip("cv2")
    _, data = cv2.imencode(".png", np.zeros((2, 2), np.uint16))
    with pytest.raises(CaffeToolsError, match="expected pixels of 8 bits, found uint16"):
        decode_image(bytes(data), color=None)


def test_an_unknown_kind() -> None:
    pytest.importorskip("cv2")
    with pytest.raises(CaffeToolsError, match="cannot be encoded as 'xyz'"):
        encode_image(BGR, "xyz")


def test_the_axis_of_one_channel() -> None:
    assert with_channels(np.zeros((2, 3), np.uint8)).shape == (2, 3, 1)
    assert with_channels(BGR) is BGR
