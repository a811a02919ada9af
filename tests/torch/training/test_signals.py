from __future__ import annotations

import os
import signal

import pytest

from caffetools.torch.training.signals import NONE, SNAPSHOT, STOP, Signals


@pytest.mark.parametrize(
    ("effects", "sent", "expected"),
    [
        ((), (), NONE),
        ((), (signal.SIGINT,), STOP),
        ((), (signal.SIGHUP,), SNAPSHOT),
        ((), (signal.SIGHUP, signal.SIGINT), STOP),
        (("snapshot", "none"), (signal.SIGINT,), SNAPSHOT),
        (("snapshot", "none"), (signal.SIGHUP,), NONE),
    ],
)
def test_request(effects: tuple[str, ...], sent: tuple[int, ...], expected: int) -> None:
    before = signal.getsignal(signal.SIGINT)
    signals = Signals(*effects)
    with signals.caught():
        for number in sent:
            os.kill(os.getpid(), number)
        assert signals.request() == expected
        assert signals.request() == NONE
    assert signal.getsignal(signal.SIGINT) is before
