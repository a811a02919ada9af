"""The part about a log."""

from __future__ import annotations

from io import BytesIO

from caffetools.check.parsed_log import ParsedLog, parse_log
from caffetools.drawing.style import LINES as LINE_COLOURS
from caffetools.pages.log_section import CheckedLog, charts, log_section, marks
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


def test_charts() -> None:
    found = dict(charts(log(*LINES)))
    assert {series.name: series.points for series in found["Loss"]} == {
        "train loss": ((0.0, 2.5), (100.0, 1.25)),
        "test loss": ((0.0, 2.25),),
    }
    assert [(s.name, s.points) for s in found["Accuracy"]] == [("test accuracy", ((0.0, 0.125),))]
    assert found["Learning rate"][0].points == ((0.0, 0.1), (100.0, 0.05))


def test_lines_of_several_runs() -> None:
    again = [line for line in LINES if "Snapshot" not in line]
    found = dict(charts(log(*LINES, *again)))
    assert [series.name for series in found["Learning rate"]] == [
        "run 1: learning rate",
        "run 2: learning rate",
    ]


def test_no_line_is_left_out() -> None:
    outputs = [f"solver.cpp:404]     Test net output #{n}: o{n} = 0.5" for n in range(40)]
    found = charts(log("solver.cpp:337] Iteration 0, Testing net (#0)", *outputs))
    assert [(title, len(series)) for title, series in found] == [("Outputs", 40)]


def test_the_elements_of_vectors_come_last() -> None:
    names = ["a", "a", "a", "b"]
    outputs = [f"solver.cpp:404]     Test net output #{n}: {o} = 0.5" for n, o in enumerate(names)]
    found = charts(log("solver.cpp:337] Iteration 0, Testing net (#0)", *outputs))
    names = [line.name for _, series in found for line in series]
    assert names == ["test a[0]", "test b", "test a[1]", "test a[2]"]


def test_lines_beyond_the_colours_are_toggled() -> None:
    outputs = [f"solver.cpp:404]     Test net output #{n}: o{n} = 0.5" for n in range(40)]
    html = log_section(
        CheckedLog(log("solver.cpp:337] Iteration 0, Testing net (#0)", *outputs)), 0
    )
    assert html.count('<button type="button" data-line=') == 40
    assert "Show all 40 lines" in html
    assert f"&quot;first&quot;:{len(LINE_COLOURS)}" in html


def test_a_log_without_curves_has_no_charts() -> None:
    assert charts(log("net.cpp:1] nothing")) == []


def test_marks() -> None:
    found = marks(log(*LINES))
    assert [(mark.x, mark.words.partition(":")[0]) for mark in found] == [(100, "snapshot at 100")]


def test_the_section() -> None:
    html = log_section(CheckedLog(log(*LINES)), 0)
    assert html.count('role="img"') == 3
    assert html.count('type="range"') == 2  # none for the learning rate
    assert "<td>snapshot</td>" in html
    assert "&lt;b&gt;_iter_100" in html
    assert "<b>" not in html
    assert "1 snapshot" in html


def test_without_events() -> None:
    html = log_section(CheckedLog(log("net.cpp:1] nothing")), 1)
    assert '<section id="log-1"' in html
    assert "<h3>Events</h3><p>None.</p>" in html


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
    html = log_section(CheckedLog(parsed, tuple(parsed.check(str(net)))), 0)
    assert "differences from this net" in html
    assert "64 x 21 x 24 x 24" in html
