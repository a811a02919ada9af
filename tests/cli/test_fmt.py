"""`caffetools fmt`: printed, checked, written; what cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import run

UGLY = "# a net\nname:'n'   # its name\nlayer{name:\"caf\udce9\"  include: <phase:TEST>}"
NEAT = """\
# a net
name: "n"  # its name
layer {
  name: "caf\udce9"
  include { phase: TEST }
}
"""


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@pytest.fixture
def ugly(tmp_path: Path) -> Path:
    path = tmp_path / "ugly.prototxt"
    path.write_bytes(encoded(UGLY))
    return path


@pytest.fixture
def neat(tmp_path: Path) -> Path:
    path = tmp_path / "neat.prototxt"
    path.write_bytes(encoded(NEAT))
    return path


def test_it_prints(ugly: Path, neat: Path) -> None:
    shown = encoded(NEAT).decode("utf-8", "replace")
    assert run("fmt", ugly) == (0, shown, "")
    assert run("fmt", neat, ugly) == (0, shown * 2, "")
    assert ugly.read_bytes() == encoded(UGLY)


def test_standard_input() -> None:
    assert run("fmt", "-", stdin=b"base_lr:1") == (0, "base_lr: 1\n", "")


def test_check(ugly: Path, neat: Path) -> None:
    assert run("fmt", "--check", neat) == (0, "", "")
    told = f"{ugly}:2:1: this line is not formatted\n  name:'n'   # its name\n  ^\n"
    assert run("fmt", "--check", ugly, neat) == (1, "", told)
    assert ugly.read_bytes() == encoded(UGLY)


def test_write(ugly: Path, neat: Path) -> None:
    before = neat.stat().st_mtime_ns
    assert run("fmt", "--write", ugly, neat) == (0, "", "")
    assert ugly.read_bytes() == neat.read_bytes() == encoded(NEAT)
    assert neat.stat().st_mtime_ns == before
    assert run("fmt", "--check", ugly) == (0, "", "")


def test_one_mistake_does_not_stop_the_others(tmp_path: Path, ugly: Path) -> None:
    wrong = tmp_path / "wrong.prototxt"
    wrong.write_text("layer {")
    status, out, err = run("fmt", "--write", wrong, "missing", ugly)
    assert (status, out) == (1, "")
    assert err.startswith(f"{wrong}:1:8: the file ends within the message opened in line 1")
    assert "missing: no such file\n" in err
    assert wrong.read_text() == "layer {"
    assert ugly.read_bytes() == encoded(NEAT)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--check", "--write", "a"), "--check and --write exclude each other"),
        (("--write", "-"), "--write does not take standard input"),
        ((), "Missing argument 'NET...'"),
    ],
)
def test_usage(arguments: tuple[str, ...], message: str) -> None:
    status, out, err = run("fmt", *arguments)
    assert (status, out) == (2, "")
    assert message in err
