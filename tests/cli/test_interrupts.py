"""Ctrl-C at any moment of a command: one line, status 130."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from caffetools.cli import interrupts

ROOT = Path(__file__).parents[2]

AT_AN_IMPORT = """\
import importlib.abc, os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)

class Interrupt(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
sys.argv = ["caffetools", "shapes", "-"]
from caffetools.cli import main
main()
"""


@pytest.mark.parametrize(
    "name",
    ["click", "caffetools.cli.console", "caffetools.cli.shapes", "caffetools.net.loading"],
)
def test_during_an_import(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_AN_IMPORT.format(name=name)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        input="",
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


def test_a_handler_of_another_program_stays() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        interrupts.end_at_once()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        interrupts.raise_again()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
