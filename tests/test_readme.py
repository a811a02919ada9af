"""README's examples: each command is run, and prints what README says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import shell

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
PYTHON = re.compile(r"(?<=^```python\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
REST = "[...]\n"
"""A last line that stands for whatever else is printed."""


def examples(block: str) -> list[tuple[str, str]]:
    """Each command of a block, which may go on after a backslash, with its stated output."""
    return COMMAND.findall(block)


def printed(block: str) -> str:
    """The block with what its commands print now, cut where README cuts it."""
    result = ""
    for command, said in examples(block):
        lines = shell(command).stdout.splitlines(keepends=True)
        if said.endswith(REST):
            lines = [*lines[: said.count("\n") - 1], REST]
        output = "".join(lines)
        result += f"$ {command}\n{output}" + ("" if output.endswith("\n") else "\n")
    return result


def test_every_command_prints_what_is_said(request: pytest.FixtureRequest) -> None:
    text = README.read_text(encoding="utf-8")
    actual = BLOCK.sub(lambda match: printed(match[0]), text)
    if request.config.getoption("--overwrite"):
        README.write_text(actual, encoding="utf-8")
    assert actual == README.read_text(encoding="utf-8")
    assert len(BLOCK.findall(text)) > 4


def test_the_commands_do_something() -> None:
    """Outputs that --overwrite wrote are no errors but where an error is shown."""
    text = README.read_text(encoding="utf-8")
    for block in BLOCK.findall(text):
        for command, output in examples(block):
            assert output.strip(), command
            assert "Traceback" not in output
            assert "Usage:" not in output


@pytest.mark.parametrize("program", PYTHON.findall(README.read_text(encoding="utf-8")))
def test_every_program_does_what_its_comments_say(program: str, tmp_path: Path) -> None:
    """What a line prints stands in its comment."""
    script = tmp_path / "program.py"
    script.write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == re.findall(r"print\(.*\)  # (.*)", program)
