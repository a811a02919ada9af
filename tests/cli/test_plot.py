"""`caffetools plot`: its options."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from caffetools.cli.plot import command
from tests.commands import run
from tests.logs import train_log


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "run.log"
    path.write_text(train_log(range(0, 30, 10)))
    return path


@pytest.mark.parametrize(
    ("end", "head"), [("png", b"\x89PNG"), ("SVG", b"<?xml"), ("pdf", b"%PDF")]
)
def test_the_name_tells_the_form(log: Path, tmp_path: Path, end: str, head: bytes) -> None:
    path = tmp_path / f"out.{end}"
    assert run("plot", log, "-o", path) == (0, "", "")
    assert path.read_bytes().startswith(head)


def test_all_options(log: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.svg"
    options = ["--x", "time", "--smooth", "5", "--log-x", "--log-y", "--no-rate", "--no-events"]
    told = [
        "--name",
        "one",
        "--name",
        "two",
        "--only",
        "v",
        "--title",
        "My title",
        "--year",
        "2015",
    ]
    assert run("plot", log, log, "-o", path, *options, *told) == (0, "", "")
    text = path.read_text("utf-8")
    assert all(
        word in text
        for word in ("My title", "<!-- one -->", "<!-- two -->", "train v[1]", "time in")
    )


def test_parse_log_draws_too(log: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.svg"
    assert run("parse-log", log, "--plot", path).status == 0
    assert "train loss" in path.read_text("utf-8")


def test_nothing_is_overwritten_unasked(log: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.svg"
    path.write_text("mine")
    told = f"{path}: file exists; use --force to overwrite\n"
    assert run("plot", log, "-o", path) == (1, "", told)
    assert path.read_text() == "mine"
    assert run("plot", log, "-o", path, "--force").status == 0


def test_mistakes(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.svg"
    assert run("plot", log, "-o", tmp_path / "out.gif").status == 1
    assert run("plot", log, "-o", out, "--name", "a", "--name", "b").status == 2
    assert run("plot", "-o", out).status == 2
    assert run("plot", log).status == 2
    assert run("plot", log, "-o", out, "--x", "epoch") == (1, "", f"{log}: found no epochs\n")
    assert run("plot", "-", "-o", out).err.startswith("<stdin>: expected a log of Caffe")
    assert not out.exists()


def test_outputs_are_completed(log: Path, tmp_path: Path) -> None:
    def completed(path: Path) -> list[str]:
        complete = ShellComplete(command, {}, "plot", "_")
        return [item.value for item in complete.get_completions([str(path), "--only"], "l")]

    assert completed(log) == ["loss", "lr"]
    assert completed(tmp_path / "none") == []
