from __future__ import annotations

import io
import os
import re

import pytest

from caffetools.torch.training.glog_writer import GlogWriter, number, one_line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("method", "severity"), [("say", "I"), ("remark", "W"), ("fail", "E")])
def test_prefix(method: str, severity: str) -> None:
    stream = io.StringIO()
    getattr(GlogWriter(stream), method)("solver.cpp:239", "Iteration 0, loss = 1")
    head = rf"{severity}\d{{4}} \d\d:\d\d:\d\d\.\d{{6}} +\d+ solver\.cpp:239\] "
    assert re.fullmatch(head + "Iteration 0, loss = 1\n", stream.getvalue())


def test_progress_is_for_terminals() -> None:
    stream = io.StringIO()
    GlogWriter(stream).progress("1 of 10")
    assert stream.getvalue() == ""


def test_a_message_takes_the_place_of_the_progress() -> None:
    stream = Terminal()
    log = GlogWriter(stream)
    log.progress("1 of 10")
    log.progress("2 of 10")  # too soon after the first
    log.say("solver.cpp:239", "done")
    shown = stream.getvalue()
    assert shown.startswith("\r1 of 10\r       \rI")
    assert shown.endswith("] done\n")


def test_without_a_stream_nothing_is_written(capfd: pytest.CaptureFixture[str]) -> None:
    log = GlogWriter(None)
    log.say("solver.cpp:239", "done")
    log.progress("1 of 10")
    assert capfd.readouterr() == ("", "")
    assert log.failure is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.05, "0.05"),
        (2.3486789, "2.34868"),
        (1e-5, "1e-05"),
        (1234567.0, "1.23457e+06"),
        (1.0, "1"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
    ],
)
def test_number_is_as_c_writes_it(value: float, text: str) -> None:
    assert number(value) == text


def test_a_disk_that_is_full_ends_no_run() -> None:
    with open("/dev/full", "w") as stream:
        log = GlogWriter(stream)
        log.say("solver.cpp:239", "done")
        assert log.failure == "No space left on device"
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # what waits goes somewhere


def test_a_remark_is_one_line() -> None:
    """Whatever the names of files hold, no line of the log is made up by them."""
    stream = io.StringIO()
    GlogWriter(stream).remark("data_layer.cpp:100", "a\nI0101 00:00:00.0 1 b.cpp:1] c\x1b[2J")
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().endswith("a\\nI0101 00:00:00.0 1 b.cpp:1] c\\x1b[2J\n")
    assert one_line("é ─") == "é ─"


def test_a_message_may_have_lines_and_no_escape_sequences() -> None:
    stream = io.StringIO()
    GlogWriter(stream).say("solver.cpp:45", "parameters:\nprefix: \x1b[2J")
    assert stream.getvalue().endswith("] parameters:\nprefix: \\x1b[2J\n")
