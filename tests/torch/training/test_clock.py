from __future__ import annotations

import time

import pytest

from caffetools.torch.training.clock import Clock


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which the test moves on."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_lap(seconds: list[float]) -> None:
    given = Clock(10)
    seconds[0] = 102.0
    assert given.lap(15, 5) == "2.5 iter/s, 2s/5 iters"
    seconds[0] = 102.5
    assert given.lap(20, 5) == "10 iter/s, 0.5s/5 iters"


def test_no_time_at_all(seconds: list[float]) -> None:
    given = Clock(0)
    assert seconds == [100.0]
    assert given.lap(3, 1) == "3 iter/s, 0s/1 iters"


def test_progress(seconds: list[float]) -> None:
    given = Clock(0)
    seconds[0] = 102.0
    # 20 in 2 seconds; 40,000 are left: 4,000 seconds = 1 h 6 min 40 s.
    assert given.progress(20, 40020, 0.25) == "20 of 40020, 10 iter/s, loss 0.25, 1:06:40 left"
    assert given.progress(0, 10, 1.0) == "0 of 10, 0 iter/s, loss 1, 0:00:00 left"
