"""Run a user's script, with `import caffe` served by this package."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Sequence

from caffetools.errors import CaffeToolsError, Location
from caffetools.pycaffe import install


def run_script(path: str, arguments: Sequence[str]) -> None:
    """Run a file as `python FILE ARGUMENTS` does, with a module `caffe`.

    Raises CaffeToolsError for a file that does not exist, and what the script raises.
    """
    if not os.path.isfile(path):
        raise CaffeToolsError("no such file", Location(path))
    _install()
    sys.argv[:] = [path, *arguments]
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    runpy.run_path(path, run_name="__main__")


def run_module(name: str, arguments: Sequence[str]) -> None:
    """Run a module as `python -m NAME ARGUMENTS` does, with a module `caffe`."""
    _install()
    sys.argv[:] = [name, *arguments]
    sys.path.insert(0, os.getcwd())
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def _install() -> None:
    try:
        install()
    except ImportError as error:
        if error.name != "torch":
            raise
        text = "a module caffe takes PyTorch: pip install 'caffetools[torch,data]'"
        raise CaffeToolsError(text) from None


def main(arguments: Sequence[str]) -> None:
    """Run `SCRIPT.py ARGUMENTS`, or `-m MODULE ARGUMENTS`; exit with 1 for wrong input."""
    if not arguments or arguments[0] in ("-h", "--help"):
        sys.exit("usage: python -m caffetools.pycaffe SCRIPT.py [ARGS] | -m MODULE [ARGS]")
    try:
        if arguments[0] == "-m":
            run_module(arguments[1], arguments[2:])
        else:
            run_script(arguments[0], arguments[1:])
    except CaffeToolsError as error:
        sys.exit(str(error))
