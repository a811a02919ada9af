"""What SIGINT and SIGHUP ask of a run (signal_handler.cpp): to stop, or to take a snapshot."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

NONE, SNAPSHOT, STOP = 0, 1, 2
EFFECTS = {"none": NONE, "snapshot": SNAPSHOT, "stop": STOP}
"""By the words of Caffe's options."""


class Signals:
    """What came since it was last asked for."""

    def __init__(self, sigint: str = "stop", sighup: str = "snapshot") -> None:
        self.effects: Mapping[int, int] = {
            signal.SIGINT: EFFECTS[sigint],
            signal.SIGHUP: EFFECTS[sighup],
        }
        self._came: set[int] = set()

    @contextmanager
    def caught(self) -> Iterator[None]:
        """While this is entered both signals end nothing."""
        before = {number: signal.signal(number, self._catch) for number in self.effects}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def request(self) -> int:
        """The strongest of the effects of the signals that came: NONE, SNAPSHOT or STOP."""
        came, self._came = self._came, set()
        return max((self.effects[number] for number in came), default=NONE)

    def _catch(self, number: int, _frame: FrameType | None) -> None:
        self._came.add(number)
