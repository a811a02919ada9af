from __future__ import annotations

import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.faults import in_plain_words


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed.\nMore."),
            "the data cannot be read ahead: DataLoader worker (pid 7) is killed by signal: Killed.",
        ),
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nMore."),
            "the device's memory is full: CUDA out of memory. Tried to allocate 2 GiB.",
        ),
        (
            RuntimeError("CUDA error: device-side assert\nMore."),
            "a label is out of range, or another index, on the GPU: CUDA error: device-side assert",
        ),
    ],
)
def test_what_a_run_can_do_nothing_about(error: RuntimeError, message: str) -> None:
    told = in_plain_words(error)
    assert isinstance(told, CaffeToolsError)
    assert told.message == message


def test_any_other_error_is_a_bug() -> None:
    error = RuntimeError("something else")
    assert in_plain_words(error) is error
