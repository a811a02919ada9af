"""`caffetools parse-log --follow`: what it prints, and how it ends."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from caffetools.cli.follow import Lines, screen
from caffetools.log.follow import Live
from tests.commands import ROOT, interruptible, run
from tests.logs import CAFFE, line, train_log

DONE = line("Optimization Done.", CAFFE)
TEST = line("Iteration 200, Testing net (#0)") + line("    Test net output #0: accuracy = 0.5")
LOG = "max_iter: 20000\n" + line("Solving x") + train_log(range(0, 300, 100)) + TEST


def live(text: str) -> Live:
    found = Live()
    found.feed(text)
    return found


def test_a_screen() -> None:
    assert list(screen("run.log", live(LOG))) == [
        "run.log: 200 of 20,000 (1.0%)",
        f"         [{'.' * 40}]",
        "loss     200.5",
        "lr       0.01",
        "speed    100 iterations a second, 0:03:18 left",  # (20000 - 200) / 100 = 198
        "train    v = 200 -200, loss = 200.25",
        "test 0   200: accuracy = 0.5",
        "event    start: Solving x",
    ]


def test_the_bar_and_a_snapshot_of_two_files() -> None:
    log = LOG.replace("max_iter: 20000", "max_iter: 400")
    log += line("Snapshotting to binary proto file x_iter_200.caffemodel")
    log += line("Snapshotting solver state to binary proto file x_iter_200.solverstate")
    lines = list(screen("x", live(log)))
    assert lines[1] == f"         [{'#' * 20}{'.' * 20}]"
    assert [text for text in lines if "napshot" in text] == [
        "event    snapshot at 200: Snapshotting to binary proto file x_iter_200.caffemodel"
    ]


def test_a_screen_of_nothing() -> None:
    assert list(screen("run.log", Live())) == ["run.log: no iteration yet"]


def test_a_test_that_has_begun_and_long_vectors() -> None:
    log = line("Iteration 1, loss = 1")
    log += "".join(line(f"    Train net output #{i}: v = {i}") for i in range(10))
    log += line("Testing net (#1)")
    assert list(screen("x", live(log)))[-2:] == [
        "train    v = 0 1 2 3 4 5 6 7 … (10 in all)",
        "test 1   1: under way",
    ]
    assert list(screen("x", live(line("Testing net"))))[-1].endswith(
        "an unknown iteration: under way"
    )


def test_hostile_text_moves_no_cursor() -> None:
    log = line("Iteration 1, loss = \x9b2J") + line("Solving \x07\x08")
    for text in screen("a\x1bc", live(log)):
        assert text.isprintable()


def test_lines_tell_what_is_new(capsys: pytest.CaptureFixture[str]) -> None:
    found, lines = live(LOG), Lines()
    lines.tell("", found)
    lines.tell("", found)
    found.feed(line("Snapshotting to x"))
    lines.tell("", found)
    assert capsys.readouterr().out.splitlines() == [
        "event start: Solving x",
        (
            "iteration 200 of 20,000 (1.0%), loss = 200.5, lr = 0.01, train: v = 200 -200, "
            "loss = 200.25, 100 iterations a second, 0:03:18 left, test 0 at 200: accuracy = 0.5"
        ),
        "event snapshot at 200: Snapshotting to x",
    ]


def test_a_log_that_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    path.write_text(LOG + DONE)
    status, out, err = run("parse-log", path, "--follow")
    assert (status, err) == (0, "")
    assert out.splitlines()[1] == "event done at 200: Optimization Done."
    assert out.splitlines()[2].startswith("iteration 200 of 20,000 (1.0%), loss = 200.5")


def test_a_pipe_is_followed_to_its_end() -> None:
    command = [sys.executable, "-m", "caffetools", "parse-log", "-", "--follow"]
    text = (LOG + DONE + line("Solving y")).encode()
    done = subprocess.run(command, cwd=ROOT, input=text, capture_output=True, check=True)
    assert done.stderr == b""
    told = done.stdout.decode().splitlines()
    assert told[0] == "event start: Solving x"
    assert told[2:] == ["event start at 200: Solving y", told[-1]]
    assert told[-1].startswith("iteration 200 of 20,000 (1.0%), loss = 200.5")


def test_ctrl_c_is_no_failure(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    path.write_text(LOG)
    command = interruptible("parse-log", path, "--follow")
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "event start: Solving x\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stderr.read() == ""


def test_a_terminal_is_redrawn(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    path.write_text(LOG + DONE)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "caffetools", "parse-log", str(path), "--follow"]
    environment = {**os.environ, "COLUMNS": "30", "LINES": "5", "TERM": "xterm"}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=theirs, check=False)
    os.close(theirs)
    out = os.read(ours, 10_000).decode()
    os.close(ours)
    assert done.returncode == 0
    screens = re.split(r"\x1b\[2J\x1b\[1;1H", out)
    assert screens[0] == ""
    assert len(screens) == 3
    assert screens[-1].splitlines() == [
        "run.log: 200 of 20,000 (1.0%)",
        f"\x1b[32m         [{'.' * 18}]\x1b[0m",  # 30 - 12
        "loss     200.5",
        "lr       0.01",
    ]


def test_what_does_not_fit_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    from caffetools.cli import follow

    shown: list[str] = []
    monkeypatch.setattr("click.echo", shown.append)
    monkeypatch.setattr("click.clear", lambda: None)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: (30, 40))
    follow._draw("run.log", live(LOG))
    assert "train    v = 200 -200, loss =…" not in shown
    assert "train    v = 200 -200, loss …" in shown
    assert max(map(len, shown)) == 30 + len("\x1b[32m\x1b[0m") - 1  # the bar's colours


@pytest.mark.parametrize(
    "arguments",
    [
        ["x", "--year", "2015"],
        ["x", "--format", "csv"],
        ["x", "--check", "y"],
        ["x", "--force"],
    ],
)
def test_usage(arguments: list[str]) -> None:
    status, _, err = run("parse-log", *arguments, "--follow")
    assert status == 2
    assert "--follow" in err
