"""The part about a log."""

from __future__ import annotations

from io import BytesIO

from caffetools.check.parsed_log import ParsedLog, parse_log
from caffetools.pages.log_section import CheckedLog, log_section
from tests.commands import ROOT

HEAD = "I0101 10:00:{:02}.000000     1 "
LINES = (
    "solver.cpp:60] Solver scaffolding done.",
    "solver.cpp:228] Iteration 0, loss = 2.5",
    "solver.cpp:244]     Train net output #0: loss = 2.5 (* 1 = 2.5 loss)",
    "sgd_solver.cpp:106] Iteration 0, lr = 0.1",
    "solver.cpp:337] Iteration 0, Testing net (#0)",
    "solver.cpp:404]     Test net output #0: accuracy = 0.125",
    "solver.cpp:404]     Test net output #1: loss = 2.25 (* 1 = 2.25 loss)",
    "solver.cpp:228] Iteration 100, loss = 1.25",
    "solver.cpp:244]     Train net output #0: loss = 1.25 (* 1 = 1.25 loss)",
    "sgd_solver.cpp:106] Iteration 100, lr = 0.05",
    "solver.cpp:454] Snapshotting to binary proto file <b>_iter_100.caffemodel",
)


def log(*lines: str) -> ParsedLog:
    text = "".join(f"{HEAD.format(number)}{line}\n" for number, line in enumerate(lines))
    return parse_log(BytesIO(text.encode()))


def test_the_section() -> None:
    html = log_section(CheckedLog(log(*LINES)), 0, {"": "train.log"})
    assert "<td>snapshot</td>" in html
    assert "&lt;b&gt;_iter_100" in html
    assert "<b>" not in html
    assert "1 snapshot" in html


def test_without_events() -> None:
    html = log_section(CheckedLog(log("net.cpp:1] nothing")), 1, {})
    assert '<section id="log-1"' in html
    assert "<h3>Events</h3><p>None.</p>" in html
    assert "Differences" not in html


def test_differences_from_the_net() -> None:
    net = ROOT / "examples" / "lenet" / "deploy.prototxt"
    lines = (
        "net.cpp:84] Creating Layer conv1",
        "net.cpp:406] conv1 <- data",
        "net.cpp:380] conv1 -> conv1",
        "net.cpp:122] Setting up conv1",
        "net.cpp:129] Top shape: 64 21 24 24 (774144)",
        "net.cpp:255] Network initialization done.",
    )
    parsed = log(*lines)
    html = log_section(CheckedLog(parsed, tuple(parsed.check(str(net)))), 0, {str(net): "d.txt"})
    assert "differences from this net" in html
    assert "64 x 21 x 24 x 24" in html
    assert "(d.txt:" in html
    assert str(net) not in html


def test_a_long_list_is_collapsed() -> None:
    for count, opened in ((12, True), (13, False)):
        snapshots = [
            f"solver.cpp:454] Snapshotting to binary proto file s_iter_{n}.caffemodel"
            for n in range(count)
        ]
        html = log_section(CheckedLog(log(*snapshots)), 0, {})
        assert (f"<details open><summary>{count} snapshot" in html) == opened
        assert html.count("<td>snapshot</td>") == count
