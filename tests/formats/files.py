"""Small files of the kinds that data layers read, made byte by byte."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest


def varint(value: int) -> bytes:
    """A number as protobuf writes it."""
    data = b""
    while value > 0x7F:
        data += bytes([value & 0x7F | 0x80])
        value >>= 7
    return data + bytes([value])


def number(field: int, value: int) -> bytes:
    """A field that holds a number."""
    return varint(field * 8) + varint(value % 2**64)


def payload(field: int, data: bytes) -> bytes:
    """A field that holds bytes, a message or packed numbers."""
    return varint(field * 8 + 2) + varint(len(data)) + data


def datum(channels: int, height: int, width: int, data: bytes = b"") -> bytes:
    """A Datum with a label."""
    extents = number(1, channels) + number(2, height) + number(3, width)
    return extents + payload(4, data) + number(5, 7)


def encoded(image: bytes) -> bytes:
    """A Datum that holds an image in a file's form."""
    return payload(4, image) + number(5, 7) + number(7, 1)


def png(width: int, height: int, colour: int = 2) -> bytes:
    """The head of a PNG: colour 0 is grey, 2 colour, 3 with a palette, 4 and 6 with alpha."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    checked = header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + checked


def jpeg(width: int, height: int, components: int = 3, before: bytes = b"") -> bytes:
    """The head of a JPEG up to its frame header, which stands after the segments `before`."""
    frame = struct.pack(">BHHB", 8, height, width, components) + b"\x01\x11\x00" * components
    segment = b"\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame
    return (
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + before + segment
    )


def write_lmdb(folder: Path, *records: bytes) -> None:
    """A database of the records in their order; skips the test without the library."""
    lmdb = pytest.importorskip("lmdb")
    environment = lmdb.open(str(folder), map_size=1 << 24)
    with environment.begin(write=True) as transaction:
        for index, record in enumerate(records):
            transaction.put(b"%08d" % index, record)
    environment.close()


def write_leveldb(folder: Path, *records: bytes) -> None:
    """The same as a LevelDB."""
    plyvel = pytest.importorskip("plyvel")
    database = plyvel.DB(str(folder), create_if_missing=True)
    for index, record in enumerate(records):
        database.put(b"%08d" % index, record)
    database.close()
