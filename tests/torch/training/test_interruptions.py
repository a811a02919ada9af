from __future__ import annotations

import os
import signal

import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.interruptions import NONE, SNAPSHOT, STOP, Signals, as_user_error


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


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed.\nMore."),
            (
                "the data cannot be read ahead: DataLoader worker (pid 7) is killed by signal: "
                "Killed.; if memory ran out, use fewer --workers"
            ),
        ),
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nMore."),
            (
                "the device's memory is full: CUDA out of memory. Tried to allocate 2 GiB.; "
                "use a smaller batch_size, with a larger iter_size"
            ),
        ),
        (
            RuntimeError("CUDA error: device-side assert\nMore."),
            "a label is out of range, or another index, on the GPU: CUDA error: device-side assert",
        ),
    ],
)
def test_what_a_run_can_do_nothing_about(error: RuntimeError, message: str) -> None:
    told = as_user_error(error)
    assert isinstance(told, CaffeToolsError)
    assert told.message == message


def test_any_other_error_is_a_bug() -> None:
    error = RuntimeError("something else")
    assert as_user_error(error) is error
