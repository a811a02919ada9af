"""How fast a run is, as Caffe shows it and as a person at a terminal wants to know it."""

from __future__ import annotations

import time

from caffetools.torch.training.glog import number


class Clock:
    """Counts the seconds since the last lap."""

    def __init__(self, iteration: int) -> None:
        self._began = time.monotonic()
        self._iteration = iteration

    def lap(self, iteration: int, display: int) -> str:
        """Caffe's words for the speed since the last lap; the next begins."""
        now = time.monotonic()
        lapse, done = now - self._began, iteration - self._iteration
        self._began, self._iteration = now, iteration
        return f"{number(done / (lapse or 1))} iter/s, {number(lapse)}s/{display} iters"

    def progress(self, iteration: int, last: int, loss: float) -> str:
        """Where the run stands, and how long it will take if it goes on as since the last lap."""
        speed = (iteration - self._iteration) / (time.monotonic() - self._began or 1)
        left = int((last - iteration) / speed) if speed > 0 else 0
        clock = f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02} left"
        return f"{iteration} of {last}, {speed:.3g} iter/s, loss {number(loss)}, {clock}"
