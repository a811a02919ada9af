"""Errors with their source line and caret; standard output in any encoding."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.cli.console import (
    counter,
    escape_unencodable,
    progress,
    report_error,
    report_notes,
    table_lines,
    underlined,
    working,
    wrapped,
)
from caffetools.errors import CaffeToolsError, Location, Note
from caffetools.table import Column
from tests import nets, strategies
from tests.commands import spawn


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        ("name: x", 7, ("  name: x", "        ^")),
        ("name: x", 1, ("  name: x", "  ^")),
        ("", 1, ("", "  ^")),
        ("\tname: x", 2, ("   name: x", "   ^")),
        ("name:\tx", 1, ("  name: x", "  ^")),
        # At the end of the line, where something is missing.
        ("name:", 6, ("  name:", "       ^")),
        ("a\x1b[1mb", 6, ("  a\\x1b[1mb", "          ^")),
        ("\udcff: 1", 3, ("  \\udcff: 1", "         ^")),
    ],
)
def test_underlined(line: str, column: int, expected: tuple[str, str]) -> None:
    assert underlined(line, column) == expected


def test_a_long_line_is_cut_around_the_place() -> None:
    line = "".join(f"{number:9}," for number in range(1000))
    shown, caret = underlined(line, 5001)
    assert len(shown) <= 2 + 100
    assert caret == " " * (2 + 50) + "^"
    assert shown[2:] == line[4950:5050].rstrip()
    assert shown[len(caret) - 1 :].lstrip().startswith("500,")


def test_the_start_of_a_long_line() -> None:
    shown, caret = underlined("x" * 200, 3)
    assert (shown, caret) == ("  " + "x" * 100, "    ^")


@given(strategies.names | st.text(max_size=300), st.data())
def test_the_caret_is_under_the_place(line: str, data: st.DataObject) -> None:
    column = data.draw(st.integers(1, len(line) + 1))
    shown, caret = underlined(line, column)
    assert shown.isprintable()
    assert caret.strip(" ") == "^"
    marked = line[column - 1 : column]
    if marked.isprintable() and marked.strip():
        assert shown[len(caret) - 1] == marked


PLACE = Location("net.prototxt", 2, 7)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            CaffeToolsError("expected a number", PLACE, "  dim: x"),
            "net.prototxt:2:7: expected a number\n    dim: x\n        ^\n",
        ),
        (CaffeToolsError("no line", PLACE), "net.prototxt:2:7: no line\n"),
        (CaffeToolsError("no such file", Location("a\nb")), "a\\nb: no such file\n"),
        (CaffeToolsError("a plugin", Location("p.py", 3), "text"), "p.py:3: a plugin\n"),
        (CaffeToolsError("no place"), "no place\n"),
        (CaffeToolsError("odd \x1b[2J\udcff"), "odd \\x1b[2J\\udcff\n"),
    ],
)
def test_report_error(
    capsys: pytest.CaptureFixture[str], error: CaffeToolsError, expected: str
) -> None:
    report_error(error)
    assert capsys.readouterr() == ("", expected)


def test_report_notes(capsys: pytest.CaptureFixture[str]) -> None:
    report_notes([Note(PLACE, "odd\x07")])
    assert capsys.readouterr() == ("", "net.prototxt:2:7: note: odd\\x07\n")


ROW = nets.layer("Unheard", "\u5377\u79ef", "", "caf\u00e9")


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "─…é卷"),
        ("latin-1", "-...é\\u5377"),
        ("cp437", "─...é\\u5377"),
        ("gbk", "─…é卷"),
        ("ascii", "-...\\xe9\\u5377"),
    ],
)
def test_what_an_encoding_lacks_is_plain(encoding: str, expected: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding)
    escape_unencodable(stream)
    stream.write("─…é卷")
    stream.flush()
    assert raw.getvalue().decode(encoding) == expected


def test_half_a_surrogate_has_no_encoding() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "utf-8")
    escape_unencodable(stream)
    stream.write("a\udcffb")
    stream.flush()
    assert raw.getvalue() == b"a\\udcffb"


@pytest.mark.parametrize("errors", ["replace", "surrogateescape", "backslashreplace"])
def test_a_stream_with_an_error_handler_is_unchanged(errors: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), "ascii", errors)
    escape_unencodable(stream)
    assert stream.errors == errors


def test_a_stream_without_an_encoding_is_unchanged() -> None:
    escape_unencodable(io.StringIO())


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "gbk", "utf-8", "utf-16"])
@pytest.mark.parametrize("form", ["table", "markdown", "--explain"])
def test_a_command_prints_in_any_encoding(encoding: str, form: str) -> None:
    arguments = ["--explain"] if form == "--explain" else ["--format", form]
    done = spawn("shapes", "-", *arguments, stdin=ROW.encode(), PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr.decode(encoding)
    assert b"Traceback" not in done.stderr
    # click takes ASCII for a mistake of the system's, and writes UTF-8.
    text = done.stdout.decode("utf-8" if encoding == "ascii" else encoding)
    assert "Unheard" in text


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_help_prints_in_any_encoding(encoding: str) -> None:
    done = spawn("shapes", "--help", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"--input-shape" in done.stdout


def test_lines_are_wrapped_for_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    long = "best: " + ", ".join(f"output{i} = {i}" for i in range(5))
    assert list(wrapped([long])) == [long]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    lines = list(wrapped([long, "short"], indent=6))
    assert max(map(len, lines)) <= 30
    assert lines[-1] == "short"
    assert " ".join(line.strip() for line in lines[:-1]) == long
    assert all(line.startswith("      ") for line in lines[1:-1])


def test_progress_of_a_large_file_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert progress(str(path)) is None
    assert progress("-") is None
    with path.open("r+b") as file:
        file.truncate(100 << 20)  # sparse
    tell = progress(str(path))
    assert tell is not None
    tell(25 << 20)
    tell(100 << 20)
    assert capsys.readouterr().err == "\rreading:  25%\rreading: 100%\r\x1b[K"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    assert progress(str(path)) is None


def test_a_counter_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert counter("images") is None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    tell = counter("images")
    assert tell is not None
    tell(12_000)
    assert capsys.readouterr().err == "\r12,000 images\r"


def test_a_table_is_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = [Column[str]("name", str), Column[str]("size", len, numeric=True, spare=1)]
    rows = ["x" * 30]
    assert "size" in table_lines(columns, rows)[0]
    monkeypatch.setenv("COLUMNS", "32")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    lines = table_lines(columns, rows)
    assert lines[0].startswith("\x1b[1mname")
    assert lines[-1] == "not shown at this width: size"


def test_what_is_being_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with working("exporting"):
        report_notes([Note(PLACE, "a")])
    assert capsys.readouterr().err == "net.prototxt:2:7: note: a\n"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with working("exporting"):
        report_notes([Note(PLACE, "a")])
    clear = "\r\x1b[K"
    assert capsys.readouterr().err == f"exporting …{clear}net.prototxt:2:7: note: a\n{clear}"


def test_paths_are_not_cut_at_hyphens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert list(wrapped(["resumed from 16-06-21_16h.log"])) == [
        "resumed from",
        "    16-06-21_16h.log",
    ]
