"""Whatever the encoding of standard output lacks is written in ASCII."""

from __future__ import annotations

import io

import pytest

from caffetools.cli.streams import take_all
from tests import nets
from tests.commands import spawn

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
    take_all(stream)
    stream.write("─…é卷")
    stream.flush()
    assert raw.getvalue().decode(encoding) == expected


def test_half_a_surrogate_has_no_encoding() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "utf-8")
    take_all(stream)
    stream.write("a\udcffb")
    stream.flush()
    assert raw.getvalue() == b"a\\udcffb"


@pytest.mark.parametrize("errors", ["replace", "surrogateescape", "backslashreplace"])
def test_who_takes_all_already_stays_as_he_is(errors: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), "ascii", errors)
    take_all(stream)
    assert stream.errors == errors


def test_a_stream_without_an_encoding_stays_as_it_is() -> None:
    take_all(io.StringIO())


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
