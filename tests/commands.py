"""The command line, called as a user calls it, in this process or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner

from caffetools.cli import main

ROOT = Path(__file__).parents[1]


class Ran(NamedTuple):
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str


def run(*arguments: str | Path, stdin: bytes = b"") -> Ran:
    """Run a command in this process; a bug of ours is raised here."""
    result = CliRunner().invoke(main, list(map(str, arguments)), input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


def spawn(
    *arguments: str | bytes | Path, stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run `python -m caffetools`, with variables of its environment set, from the checkout."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "caffetools", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        input=stdin,
        capture_output=True,
        check=False,
    )


def shell(
    command: str, folder: Path = ROOT, *, errors: int = subprocess.STDOUT
) -> subprocess.CompletedProcess[str]:
    """Run what a shell is told, with the scripts of this Python first; errors are output, too."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=errors,
        encoding="utf-8",
        check=False,
    )


def interruptible(*arguments: str | Path) -> list[str]:
    """Return the command line of a command that SIGINT interrupts, as at a terminal.

    Where the tests run under `nohup` or in the background of a shell, SIGINT is ignored, which
    processes inherit.
    """
    return [sys.executable, "-c", INTERRUPTIBLE, *map(str, arguments)]


INTERRUPTIBLE = """\
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from caffetools.cli import main
main()
"""


LIMITED = """\
import resource, sys
limit = getattr(resource, sys.argv[1])
resource.setrlimit(limit, (int(sys.argv[2]), resource.RLIM_INFINITY))
sys.argv[:3] = ["caffetools"]
from caffetools.cli import main
main()
"""


def spawn_limited(
    size: int, *arguments: str | Path, limit: str = "RLIMIT_FSIZE"
) -> subprocess.CompletedProcess[str]:
    """Run a command, from the working directory, under a limit of so many bytes.

    By default no file may be larger, which stands for a full disk: a write fails in the middle.
    """
    return subprocess.run(
        [sys.executable, "-c", LIMITED, limit, str(size), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
