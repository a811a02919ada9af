"""Logs read whole and in pieces, with all that comes between their lines."""

from __future__ import annotations

import gzip
import io
import lzma
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.check.parsed_log import ParsedLog
from caffetools.errors import CaffeToolsError
from caffetools.log.collector import LogContents
from caffetools.log.parser import LogParser, read_any, read_log
from caffetools.log.text import LogText
from tests.logs import line, net_log, read, train_log

TEST = (
    line("Iteration {}, Testing net (#0)")
    + line("Restarting data prefetching from start.", "data_layer.cpp:73")
    + line("    Test net output #0: accuracy = 0.{}")
    + line("    Test net output #1: loss = 1.{} (* 1 = 1.{} loss)")
)
LOG = (
    net_log()
    + line("Solving small")
    + "".join(
        TEST.replace("{}", str(i)) + train_log(range(i, i + 30, 10), i // 10)
        for i in range(0, 300, 30)
    )
    + "another program\n"
)


def told(contents: LogContents) -> dict[str, Any]:
    """Everything but the name of the log."""
    return ParsedLog(replace(contents, name="x")).to_dict()


WHOLE = told(read(LOG))


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(LOG)
    assert read_log(path).name == str(path)
    assert told(read_log(path)) == WHOLE


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress])
def test_compressed(compress: Any) -> None:
    assert told(read_log(io.BytesIO(compress(LOG.encode())))) == WHOLE


def test_compressed_data_that_stops() -> None:
    data = gzip.compress(LOG.encode())
    found = read_log(io.BytesIO(data[:-8]))
    assert [event.kind for event in found.events] == ["start", "cut"]
    assert list(found.train.iterations()) == list(range(0, 300, 10))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CaffeToolsError) as caught:
        read_log(tmp_path / "none.log")
    assert str(caught.value) == f"{tmp_path / 'none.log'}: no such file"


@given(st.lists(st.integers(0, LOG.count("\n")), max_size=6))
def test_pieces_are_the_whole(cuts: list[int]) -> None:
    texts = LOG.splitlines(keepends=True)
    bounds = [0, *sorted(cuts), len(texts)]
    parser = LogParser()
    for start, stop in pairwise(bounds):
        if start < stop:
            parser.feed("".join(texts[start:stop]))
    assert told(parser.end()) == WHOLE


def test_blocks_tell_what_lines_tell() -> None:
    """Iterations are read in blocks once their form is known: a line alone never is one."""
    parser = LogParser()
    for text in LOG.splitlines(keepends=True):
        parser.feed(text)
    assert told(parser.end()) == WHOLE


@pytest.mark.parametrize(
    "change",
    [
        lambda log: log.replace("\n", "\r\n"),
        lambda log: log.replace("I0721", "\x1b[32mI0721\x1b[0m"),
        lambda log: log.replace(" ", "\u00a0"),
        lambda log: log.replace("->", "-&gt;").replace("<-", "&lt;-"),
        lambda log: log.removesuffix("\n"),
    ],
    ids=["CRLF", "colours", "no-break spaces", "entities", "last line without an end"],
)
def test_what_was_done_to_a_log_changes_nothing(change: Any) -> None:
    assert told(read(change(LOG))) == WHOLE


def test_a_log_in_another_encoding() -> None:
    assert told(read(LOG.encode("utf-16"))) == WHOLE
    assert told(read(LOG.replace("another", "änother").encode("latin-1"))) == WHOLE


def test_the_files_head_tells_the_year() -> None:
    head = "Log file created at: 2012/02/28 23:59:58\nRunning on machine: x\n"
    texts = [
        ("0228 23:59:59.000000", 0),
        ("0229 00:00:01.000000", 10),
        ("0301 00:00:01.000000", 20),
    ]
    log = head + "".join(line(f"Iteration {i}, loss = 1", time=time) for time, i in texts)
    found = read(log)
    assert [row.time for row in found.train.rows()] == [
        "2012-02-28T23:59:59.000000",
        "2012-02-29T00:00:01.000000",
        "2012-03-01T00:00:01.000000",
    ]
    assert [row.seconds for row in found.train.rows()] == [0, 2, 86402]  # 2012 is a leap year
    assert found.skipped_lines == 0


def test_a_crash_without_a_prefix_is_an_event() -> None:
    found = read(LOG + "*** Aborted at 1437475115 (unix time) ***\n")
    assert [(event.kind, event.line) for event in found.events][-1] == (
        "fatal",
        LOG.count("\n") + 1,
    )


def test_a_test_that_is_broken_off() -> None:
    """Tests are read in blocks as well; what another form has is read line by line."""
    odd = line("Iteration 300, Testing net (#0)") + line("    Test net output #0: accuracy = nan")
    found = read(LOG + odd + TEST.replace("{}", "310"))
    (curve,) = found.tests.values()
    told = [(row.iteration, row.outputs) for row in curve.rows()][-3:]
    assert told[0] == (270, {"accuracy": [0.27], "loss": [1.27]})
    assert [*told[1][1]] == ["accuracy"]
    assert told[2] == (310, {"accuracy": [0.31], "loss": [1.31]})


def test_two_messages_in_a_line() -> None:
    log = line("Iteration 0, loss = 1.5").rstrip("\n") + line(
        "Iteration 0, lr = 0.5", "sgd_solver.cpp:1"
    )
    (row,) = read(log).train.rows()
    assert (row.loss, row.lr) == (1.5, 0.5)


@pytest.mark.parametrize("text", [b"", b"a: 1\nKilled\n"])
def test_a_text_without_a_message_is_no_log(text: bytes) -> None:
    with pytest.raises(CaffeToolsError, match="expected a log of Caffe, found no message"):
        read_log(io.BytesIO(text))
    assert read_any(LogText(io.BytesIO(text))).train.last() is None
