"""Errors of PyTorch that are no bugs: of memory, of processes, of what a GPU met."""

from __future__ import annotations

import torch

from caffetools.errors import CaffeToolsError


def first_line(error: Exception) -> str:
    """The first line of what an error says; PyTorch's go on with where they arose."""
    return str(error).partition("\n")[0]


def in_plain_words(error: RuntimeError) -> Exception:
    """A CaffeToolsError where a run can do nothing about the error; any other one as it is.

    PyTorch raises these wherever the program is when it learns of them: of a process that ended
    when the system tells, of what a GPU met when the program next waits for it.
    """
    line = first_line(error)
    if line.startswith("DataLoader worker"):
        return CaffeToolsError(f"the data cannot be read ahead: {line}")
    if isinstance(error, torch.OutOfMemoryError):
        return CaffeToolsError(f"the device's memory is full: {line}")
    if "device-side assert" in line:
        return CaffeToolsError(f"a label is out of range, or another index, on the GPU: {line}")
    return error
