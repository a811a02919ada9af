from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import CaffeToolsError
from caffetools.formats.image import ImageSize, decode, image_size, resize
from tests.formats.files import jpeg, png
from tests.torch.training.data.images import COLOURS, encoded

METADATA = b"\xff\xe1\x00\x08\xff\xc0\x00\x11\x08\x00"  # what looks like a frame header within
BMP = b"BM" + b"\x00" * 12 + struct.pack("<IiiHH", 40, 30, -20, 1, 24)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png(30, 20), (20, 30, 3)),
        (png(30, 20, 0), (20, 30, 1)),
        (png(30, 20, 3), (20, 30, 3)),
        (png(30, 20, 4), (20, 30, 4)),
        (png(30, 20, 6), (20, 30, 4)),
        (png(30, 20, 7), (20, 30, None)),
        (jpeg(30, 20), (20, 30, 3)),
        (jpeg(30, 20, 1), (20, 30, 1)),
        (jpeg(30, 20, 4), (20, 30, 3)),
        (jpeg(30, 20, before=METADATA), (20, 30, 3)),
        (jpeg(30, 20, before=b"\xff\xff\xff\x01\xff\xd0"), (20, 30, 3)),
        (jpeg(30, 20).replace(b"\xff\xc0", b"\xff\xc2"), (20, 30, 3)),
        (BMP, (20, 30, 3)),
        (BMP.replace(b"\x18\x00", b"\x08\x00"), (20, 30, None)),
        (b"BM" + b"\x00" * 12 + struct.pack("<IHHHH", 12, 30, 20, 1, 24), (20, 30, 3)),
        (b"P6 30 20 255\n", (20, 30, 3)),
        (b"P5\n# 1 2\n 30\n#\n20\n255\n", (20, 30, 1)),
        (b"P1\n30 20\n0 1", (20, 30, 1)),
    ],
)
def test_size(data: bytes, expected: ImageSize) -> None:
    assert image_size(data) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"\xff\xd8",
        b"\xff\xd8\xff\xff",
        b"\xff\xd8\x00\xc0\x00\x11",
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xda\x00\x02",
        b"\xff\xd8\xff\xe0\x00\x01",
        jpeg(30, 20)[:-14],
        jpeg(0, 20),
        png(30, 0),
        png(30, 20)[:20],
        png(30, 20).replace(b"IHDR", b"IDAT"),
        b"\x89PDF" + b"\x00" * 40,
        BMP[:20],
        b"P6 30",
        b"P6 30 x",
    ],
)
def test_no_image(data: bytes) -> None:
    assert image_size(data) is None


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "PPM"])
@pytest.mark.parametrize(("mode", "channels"), [("RGB", 3), ("L", 1)])
def test_what_pillow_writes(form: str, mode: str, channels: int) -> None:
    image = pytest.importorskip("PIL.Image").new(mode, (30, 20))
    file = io.BytesIO()
    image.save(file, form)
    size = image_size(file.getvalue())
    assert size is not None
    assert size[:2] == (20, 30)
    assert size.channels in (channels, None)
    assert (size.channels is None) == (form == "BMP" and mode == "L")


@given(
    st.sampled_from((b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"BM", b"P6 ")),
    st.binary(max_size=60) | st.text("0123456789 #\n").map(str.encode),
)
def test_any_bytes(start: bytes, rest: bytes) -> None:
    size = image_size(start + rest)
    assert size is None or (size.height > 0 and size.width > 0)


GREY = np.array([[1, 2], [3, 4]], np.uint8)
ALPHA = np.concatenate([COLOURS, [[[7], [8]]]], axis=2).astype(np.uint8)


@pytest.mark.parametrize(
    ("image", "color", "expected"),
    [
        (COLOURS, True, COLOURS[:, :, ::-1]),
        (COLOURS, None, COLOURS[:, :, ::-1]),
        (GREY, None, GREY[:, :, np.newaxis]),
        (GREY, False, GREY[:, :, np.newaxis]),
        (GREY, True, np.repeat(GREY[:, :, np.newaxis], 3, axis=2)),
        (ALPHA, True, COLOURS[:, :, ::-1]),
        (ALPHA, None, ALPHA[:, :, [2, 1, 0, 3]]),
    ],
)
def test_decode(image: np.ndarray, color: bool | None, expected: np.ndarray) -> None:
    found = decode(encoded(image), color)
    assert found.shape == expected.shape
    assert (found == expected).all()


def test_grey_of_colours() -> None:
    """0.299 red + 0.587 green + 0.114 blue: 18.15 and 48.15."""
    assert decode(encoded(COLOURS), color=False).flatten().tolist() == [18, 48]


@pytest.mark.parametrize(
    "data", [b"", b"no image", encoded(COLOURS)[:40], encoded(GREY, "TIFF")[:60]]
)
def test_what_is_no_image(data: bytes) -> None:
    with pytest.raises(CaffeToolsError, match="the image cannot be decoded"):
        decode(data, color=True)


def test_half_the_size_is_the_mean_of_four() -> None:
    image = np.array([[[1], [2], [10], [10]], [[3], [4], [10], [13]]], np.uint8)
    # (1 + 2 + 3 + 4 + 2) >> 2 = 3, (43 + 2) >> 2 = 11.
    assert resize(image, 1, 2).flatten().tolist() == [3, 11]


@pytest.mark.parametrize(
    ("row", "width", "expected"),
    [
        ([0, 100], 4, [0, 25, 75, 100]),  # centres at -0.25, 0.25, 0.75, 1.25
        ([10, 20, 30], 2, [13, 28]),  # at 0.25 and 1.75: 12.5 and 27.5
        ([7], 3, [7, 7, 7]),
        ([0, 30, 60], 1, [30]),
    ],
)
def test_resize_is_bilinear_between_centres(
    row: list[int], width: int, expected: list[int]
) -> None:
    """Along a row, and along a column."""
    image = np.array(row, np.uint8).reshape(1, -1, 1)
    assert resize(image, 1, width).flatten().tolist() == pytest.approx(expected, abs=0.51)
    turned = resize(image.transpose(1, 0, 2), width, 1)
    assert turned.flatten().tolist() == pytest.approx(expected, abs=0.51)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_resize_stays_within_a_rounding_of_the_real_numbers(
    height: int, width: int, new_height: int, new_width: int
) -> None:
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    found = resize(image, new_height, new_width)
    assert found.shape == (new_height, new_width, 3)
    if (height, width) == (2 * new_height, 2 * new_width):
        return
    wanted = image.astype(float)
    for axis, new in ((0, new_height), (1, new_width)):
        old = wanted.shape[axis]
        place = (np.arange(new) + 0.5) * old / new - 0.5
        first = np.floor(place).astype(int)
        part = np.expand_dims(place - first, tuple(a for a in range(3) if a != axis))
        low, high = (np.take(wanted, i.clip(0, old - 1), axis) for i in (first, first + 1))
        wanted = low * (1 - part) + high * part
    assert abs(found - wanted).max() <= 1


def test_the_same_size_is_the_same_image() -> None:
    assert resize(COLOURS, 1, 2) is COLOURS
