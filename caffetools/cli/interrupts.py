"""Ctrl-C ends a command with status 130 and one line, from its first import on."""

from __future__ import annotations

import contextlib
import os
import signal

STATUS = 130
"""128 + SIGINT, as a shell reports it."""

TEXT = "interrupted"


def end_at_once() -> None:
    """Let SIGINT end the process, until `raise_again`: imports may not be stopped midway.

    Where SIGINT is ignored, as under nohup, or handled by a program that imports this, it stays so.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGINT, _end)


def raise_again() -> None:
    """Let SIGINT raise KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(_signal: int, _frame: object) -> None:
    os.write(2, f"{TEXT}\n".encode())
    os._exit(STATUS)
