"""Curves as event files that TensorBoard opens, encoded here: without TensorFlow and protobuf.

A file is a row of TFRecords (tensorflow/core/lib/io/record_writer.cc): the length of the data, its
checksum, the data, its checksum. The data is an Event with a Summary (tensorflow/core/util/
event.proto and tensorflow/core/framework/summary.proto).
"""

from __future__ import annotations

import math
import os
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from typing import BinaryIO

from caffetools.log.collector import LogContents
from caffetools.log.curve_columns import Row
from caffetools.log.runs import run_rows
from caffetools.proto.wire import bytes_field, integer_field
from caffetools.writing import placed_errors

FILE = "events.out.tfevents.caffetools"
"""TensorBoard looks for files with `tfevents` in their names; their folder names the run."""

_VERSION = b"brain.Event:2"
_START_OF_2000 = 946_684_800.0
"""In the seconds of Unix: since when a log's Clock counts where the year is known."""


def event_files(log: LogContents) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The path and the records of each run: `train/…`, `test0/…` and so on for each test net.

    Where the log tells further runs, `run2/train/…`; a resumed run is one, and what it tells again
    counts once. Take the records of one before asking for the next: the log is walked through once.
    """
    curves = {"train": log.train, **{f"test{net}": curve for net, curve in log.tests.items()}}
    for name, curve in curves.items():
        sizes = curve.sizes()
        for run, pairs in groupby(run_rows(curve), key=lambda pair: pair[0]):
            folder = f"run{run + 1}/{name}" if run else name
            yield f"{folder}/{FILE}", _records((row for _, row in pairs), sizes, curve.origin)


class EventFolder:
    """Event files that grow during a run: `train/…`, `test0/…`; each run has its own.

    Raises CaffeToolsError, placed, if a file cannot be made. If writing fails later, as on a full
    disk, `failed` is called with the reason and nothing more is written.
    """

    def __init__(self, folder: str, curves: Iterable[str], failed: Callable[[str], object]) -> None:
        self._failed, self._files = failed, dict[str, BinaryIO]()
        name = f"events.out.tfevents.{time.time_ns()}.caffetools"  # TensorBoard sorts by name
        for curve in curves:
            path = os.path.join(folder, curve, name)
            with placed_errors("cannot write", path):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                self._files[curve] = open(path, "xb")  # noqa: SIM115  # as long as the run
            self._write(curve, bytes_field(3, _VERSION))

    def add(self, curve: str, iteration: int, values: Mapping[str, Sequence[float]]) -> None:
        """Write the values of an iteration, one or more of each name."""
        sizes = {name: len(each) for name, each in values.items()}
        scalars = b"".join(bytes_field(1, each) for each in _outputs(values, sizes))
        self._write(curve, integer_field(2, iteration) + bytes_field(5, scalars))

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            with suppress(OSError):
                file.close()
        self._files.clear()

    def _write(self, curve: str, fields: bytes) -> None:
        if curve in self._files:
            try:
                self._files[curve].write(record(event(time.time(), fields)))
                self._files[curve].flush()
            except OSError as error:
                self.close()
                self._failed(f"curves for TensorBoard cannot be written: {error.strerror}")


def _records(rows: Iterable[Row], sizes: dict[str, int], origin: float) -> Iterator[bytes]:
    """The file's version, then one event for each row that tells a number."""
    before: float | None = None
    for row in rows:
        wall_time = _wall_time(row, origin, before or 0.0)
        if before is None:
            yield record(event(wall_time, bytes_field(3, _VERSION)))
        before = wall_time
        values = [bytes_field(1, value) for value in _values(row, sizes)]
        if values:
            step = integer_field(2, row.iteration)
            yield record(event(wall_time, step + bytes_field(5, b"".join(values))))


def _wall_time(row: Row, origin: float, before: float) -> float:
    """The seconds of Unix, a log's local time taken for UTC.

    Since the log's first line if the year is unknown; `before` without a time.
    """
    if row.time is None or row.seconds is None or math.isnan(row.seconds):
        return before
    # ISO 8601 begins with a dash where the year is left out.
    return row.seconds + (0.0 if row.time.startswith("-") else _START_OF_2000 + origin)


def _values(row: Row, sizes: dict[str, int]) -> Iterator[bytes]:
    """The Summary.Value of each number that a row tells.

    An output that is called as the displayed loss or the rate is `output loss` or `output lr`, as
    in CSV.
    """
    own = {"loss": row.loss, "lr": row.lr}
    for tag, value in own.items():
        if value is not None:
            yield _scalar(tag, value)
    yield from _outputs(
        {f"output {name}" if name in own else name: each for name, each in row.outputs.items()},
        {f"output {name}" if name in own else name: size for name, size in sizes.items()},
    )


def _outputs(
    outputs: Mapping[str, Sequence[float | None]], sizes: Mapping[str, int]
) -> Iterator[bytes]:
    """The Summary.Value of each number; the numbers of a vector have their index in the name."""
    for name, values in outputs.items():
        for index, value in enumerate(values):
            if value is not None:
                yield _scalar(f"{name}/{index}" if sizes[name] > 1 else name, value)


def _scalar(tag: str, value: float) -> bytes:
    try:
        number = struct.pack("<f", value)
    except OverflowError:
        number = struct.pack("<f", math.copysign(math.inf, value))
    return bytes_field(1, tag.encode()) + b"\x15" + number


def event(wall_time: float, fields: bytes) -> bytes:
    """An Event with these further fields."""
    return b"\x09" + struct.pack("<d", wall_time) + fields


def record(data: bytes) -> bytes:
    """Data as a TFRecord."""
    length = struct.pack("<Q", len(data))
    return length + _checksum(length) + data + _checksum(data)


def _checksum(data: bytes) -> bytes:
    """TFRecord's mask of a CRC: a CRC of data that holds CRCs would be a poor one."""
    crc = crc32c(data)
    rotated = crc >> 15 | crc << 17 & 0xFFFF_FFFF
    return struct.pack("<I", (rotated + 0xA282_EAD8) & 0xFFFF_FFFF)


def _table() -> tuple[int, ...]:
    found = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F6_3B78 if crc & 1 else 0)
        found.append(crc)
    return tuple(found)


_TABLE = _table()


def crc32c(data: bytes) -> int:
    """Castagnoli's CRC (RFC 3720, appendix B.4)."""
    crc = 0xFFFF_FFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFF_FFFF
