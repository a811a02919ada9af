"""Logs for tests: lines as glog writes them, and what is read of a text."""

from __future__ import annotations

import io

from caffetools.log.contents import LogContents
from caffetools.log.parse import read_log

NET = "net.cpp:1"
SOLVER = "solver.cpp:1"
SGD = "sgd_solver.cpp:1"
CAFFE = "caffe.cpp:1"


def line(
    text: str, place: str = SOLVER, time: str = "0721 10:38:15.326920", severity: str = "I"
) -> str:
    """One line of a log, with its end."""
    return f"{severity}{time}  4692 {place}] {text}\n"


def lines(*texts: str, place: str = SOLVER) -> str:
    """Lines of one source file, one second apart."""
    return "".join(
        line(text, place, f"0721 10:{i // 60:02}:{i % 60:02}.000000")
        for i, text in enumerate(texts)
    )


def read(text: str | bytes, year: int | None = None) -> LogContents:
    """What is read of a log's text."""
    return read_log(io.BytesIO(text.encode() if isinstance(text, str) else text), year)
