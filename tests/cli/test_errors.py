"""How a mistake is told: one line, its source line, and a caret under the place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.cli.errors import report, report_note, underlined
from caffetools.errors import CaffeToolsError, Location, Note
from tests import strategies


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
def test_the_caret_stands_under_the_place(line: str, data: st.DataObject) -> None:
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
def test_report(capsys: pytest.CaptureFixture[str], error: CaffeToolsError, expected: str) -> None:
    report(error)
    assert capsys.readouterr() == ("", expected)


def test_report_note(capsys: pytest.CaptureFixture[str]) -> None:
    report_note(Note(PLACE, "odd\x07"))
    assert capsys.readouterr() == ("", "net.prototxt:2:7: note: odd\\x07\n")
