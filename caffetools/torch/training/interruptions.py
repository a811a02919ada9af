"""What may interrupt a run: SIGINT and SIGHUP, and errors that PyTorch raises at any moment."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import torch

from caffetools.errors import CaffeToolsError

NONE, SNAPSHOT, STOP = 0, 1, 2
EFFECTS = {"none": NONE, "snapshot": SNAPSHOT, "stop": STOP}
"""Effects of a signal by the words of Caffe's options (caffe.cpp, GetRequestedAction)."""


class Signals:
    """Signals received since the last request."""

    def __init__(self, sigint: str = "stop", sighup: str = "snapshot") -> None:
        self.effects: dict[int, int] = {
            signal.SIGINT: EFFECTS[sigint],
            signal.SIGHUP: EFFECTS[sighup],
        }
        self._received: set[int] = set()

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Record both signals instead of ending the process.

        As src/caffe/util/signal_handler.cpp (HookupHandler) does whether or not the signal was
        ignored before: under `nohup` or in a shell's background, too, `kill -INT` stops the run
        with a snapshot and `kill -HUP` takes one.
        """
        before = {number: signal.signal(number, self._receive) for number in self.effects}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def request(self) -> int:
        """Return the strongest effect of the received signals: NONE, SNAPSHOT or STOP."""
        received, self._received = self._received, set()
        return max((self.effects[each] for each in received), default=NONE)

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        self._received.add(number)


def first_line(error: Exception) -> str:
    """Return the first line of an error's text; PyTorch appends where it was raised."""
    return str(error).partition("\n")[0]


def as_user_error(error: RuntimeError) -> Exception:
    """Return a CaffeToolsError for a failure of memory, workers or data, else the error itself.

    PyTorch raises them where it notices: a dead worker while the next batch is awaited, a failure
    on a GPU at the next synchronization.
    """
    line = first_line(error).strip()
    if line.startswith("DataLoader worker"):
        hint = "if memory ran out, use fewer --workers"
        return CaffeToolsError(f"the data cannot be read ahead: {line}; {hint}")
    if isinstance(error, torch.OutOfMemoryError):
        hint = "use a smaller batch_size, with a larger iter_size"
        return CaffeToolsError(f"the device's memory is full: {line}; {hint}")
    if "device-side assert" in line:
        return CaffeToolsError(f"a label is out of range, or another index, on the GPU: {line}")
    return error
