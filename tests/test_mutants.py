"""No damaged net gives a traceback: each is answered, or refused in its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from caffetools.cli import main
from tests.mutants import mutant

EXAMPLES = Path(__file__).parents[1] / "examples"
NETS = sorted(EXAMPLES.glob("*/*.prototxt"))
REFUSED = re.compile(r"(<stdin>|\S+)(:\d+:\d+)?: \S")
"""A binary has no lines; everything else has a line and a column."""

FORMATS = ("table", "json", "caffe-log", "markdown", "csv")


def answer(data: bytes, *options: str) -> str | None:
    """What is wrong with how `shapes` answers these bytes; None if nothing is."""
    result = CliRunner().invoke(main, ["shapes", "-", *options], input=data)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return f"{type(result.exception).__name__}: {result.exception}"
    if result.exit_code not in (0, 1):
        return f"status {result.exit_code}"
    if result.exit_code == 1 and not any(map(REFUSED.match, result.stderr.splitlines())):
        return f"refused without a place: {result.stderr[:200]!r}"
    return None


@pytest.mark.parametrize("seed", range(200))
def test_a_mutant_is_answered_or_refused(seed: int) -> None:
    data = NETS[seed % len(NETS)].read_bytes()
    form = FORMATS[seed % len(FORMATS)]
    phase = ("train", "test")[seed // 2 % 2]
    assert answer(mutant(data, seed), "--phase", phase, "--format", form) is None


def test_the_judge_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above could fail: a bug of ours comes back as one."""
    monkeypatch.setattr("caffetools.cli.shapes.load", lambda *_, **__: 1 / 0)
    assert answer(b"") == "ZeroDivisionError: division by zero"
