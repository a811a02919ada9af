"""Event files, decoded again: records, checksums, events."""

from __future__ import annotations

import math
import struct
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.log.collector import LogContents
from caffetools.log.tensorboard import FILE, EventFolder, crc32c, event_files
from caffetools.proto.wire import fields, float32, float64
from tests.logs import SOLVER, line, lines, read, train_log


class Scalars(NamedTuple):
    wall_time: float
    step: int
    values: dict[str, float]


def checked(data: bytes, stored: bytes) -> bytes:
    """The data, if its masked checksum is the stored one."""
    crc = (struct.unpack("<I", stored)[0] - 0xA282EAD8) % 2**32
    assert crc32c(data) == (crc << 15 | crc >> 17) % 2**32
    return data


def records(data: bytes) -> list[bytes]:
    found = []
    while data:
        (length,) = struct.unpack("<Q", checked(data[:8], data[8:12]))
        found.append(checked(data[12 : 12 + length], data[12 + length : 16 + length]))
        data = data[16 + length :]
    return found


def scalars(data: bytes) -> Scalars:
    buffer = memoryview(data)
    found = {field.number: field for field in fields(buffer)}
    values = {}
    for value in fields(buffer, found[5].start, found[5].end):
        tag, number = fields(buffer, value.start, value.end)
        assert (value.number, tag.number, number.number) == (1, 1, 2)
        values[data[tag.start : tag.end].decode()] = float32(buffer, number.start)
    return Scalars(float64(buffer, found[1].start), found[2].value, values)


def decoded(log: LogContents) -> dict[str, list[Scalars]]:
    """The events of each folder, behind that of the file's version."""
    found = {}
    for path, pieces in event_files(log):
        folder, _, name = path.rpartition("/")
        assert name == FILE
        version, *events = records(b"".join(pieces))
        at = fields(memoryview(version))
        assert [field.number for field in at] == [1, 3]
        assert version.endswith(b"\x1a\x0dbrain.Event:2")
        found[folder] = [scalars(data) for data in events]
        assert version[:9] == b"\x09" + struct.pack("<d", found[folder][0].wall_time)
    return found


@pytest.mark.parametrize(
    ("data", "crc"),
    # RFC 3720, appendix B.4, and the check value of the catalogue of CRCs.
    [
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (b"123456789", 0xE3069283),
        (b"", 0),
    ],
)
def test_crc32c(data: bytes, crc: int) -> None:
    assert crc32c(data) == crc


def test_runs_and_scalars() -> None:
    log = line("Solving x") + train_log(range(0, 400, 200))
    log += line("Iteration 200, Testing net (#1)") + line("    Test net output #0: accuracy = 0.5")
    found = decoded(read(log))
    assert {folder: [event.step for event in events] for folder, events in found.items()} == {
        "train": [0, 200],
        "test1": [200],
    }
    assert found["train"][1].values == pytest.approx(
        {"loss": 200.5, "lr": 0.01, "v/0": 200, "v/1": -200, "output loss": 200.25}
    )
    assert found["test1"][0].values == {"accuracy": 0.5}


def test_wall_time() -> None:
    log = lines("Iteration 0, loss = 1", "Iteration 1, loss = 2")
    assert [event.wall_time for event in decoded(read(log))["train"]] == [0, 1]
    start = datetime(2015, 7, 21, 10, tzinfo=timezone.utc).timestamp()
    times = [event.wall_time for event in decoded(read(log, 2015))["train"]]
    assert times == pytest.approx([start, start + 1], abs=1e-6)


def test_a_row_without_a_time_has_that_of_the_row_before() -> None:
    log = lines("Iteration 0, loss = 1", "Iteration 1, loss = 1") + "Iteration 2, loss = 3\n"
    found = decoded(read(log))["train"]
    assert [(event.step, event.wall_time) for event in found] == [(0, 0), (1, 1), (2, 1)]


@pytest.mark.parametrize(
    ("text", "value"), [("inf", math.inf), ("-1e300", -math.inf), ("3.25", 3.25)]
)
def test_values_beyond_float32_are_infinite(text: str, value: float) -> None:
    found = decoded(read(lines(f"Iteration 0, loss = {text}")))
    assert found["train"][0].values == {"loss": value}


def test_nan_is_kept() -> None:
    found = decoded(read(lines("Iteration 0, loss = nan")))
    assert math.isnan(found["train"][0].values["loss"])


def test_large_steps_and_long_names() -> None:
    name = "é" * 200
    texts = (f"Iteration {10**17}, loss = 1", f"    Train net output #0: {name} = 2")
    assert decoded(read(lines(*texts)))["train"][0][1:] == (10**17, {"loss": 1, name: 2})


def test_a_resumed_run_is_one_and_another_start_is_another() -> None:
    restored = line("Restoring previous solver status from x.solverstate", SOLVER)
    log = train_log(range(3)) + restored + train_log(range(2, 5), 30)
    log += line("Solving x", SOLVER) + train_log(range(2), 50)
    found = decoded(read(log))
    assert {folder: [event.step for event in events] for folder, events in found.items()} == {
        "train": [0, 1, 2, 3, 4],
        "run2/train": [0, 1],
    }


def test_a_log_without_curves_has_no_files() -> None:
    assert decoded(read(line("Solving x"))) == {}


def test_files_that_grow(tmp_path: Path) -> None:
    """They are complete after each event; a vector's numbers have their index."""
    failures: list[str] = []
    folder = EventFolder(str(tmp_path), ["train", "test0"], failures.append)
    folder.add("train", 7, {"loss": [0.5], "v": [1.0, 2.0]})
    (path,) = (tmp_path / "train").iterdir()
    version, event = records(path.read_bytes())
    assert version.endswith(b"\x1a\x0dbrain.Event:2")
    assert scalars(event)[1:] == (7, {"loss": 0.5, "v/0": 1.0, "v/1": 2.0})
    folder.close()
    folder.add("train", 8, {"loss": [0.5]})
    assert failures == []
    assert len(records(path.read_bytes())) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device")
def test_a_full_disk_is_told_once(tmp_path: Path) -> None:
    failures: list[str] = []
    folder = EventFolder(str(tmp_path), ["train"], failures.append)
    folder._files["train"].close()
    folder._files["train"] = Path("/dev/full").open("wb")  # noqa: SIM115
    for at in range(2):
        folder.add("train", at, {"loss": [0.5]})
    message = "curves for TensorBoard cannot be written: No space left on device"
    assert failures == [message]


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CaffeToolsError, match="cannot write: Not a directory"):
        EventFolder(str(tmp_path / "file"), ["train"], print)
