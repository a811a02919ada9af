from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.formats.image import ImageSize, image_size
from tests.formats.files import jpeg, png

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
