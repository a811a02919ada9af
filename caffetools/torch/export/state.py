"""The state dict of a module as arrays, from the files that PyTorch's users keep it in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.safetensors import read_safetensors

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ZIP = b"PK\x03\x04"
_PICKLE = b"\x80"
"""How the files of torch.save begin, today's and those of before 1.6."""


def read_state(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """The tensors of a `.safetensors` file, or of a state dict that torch.save has written.

    The latter is read with `weights_only=True`, so that it cannot run code. Raises CaffeToolsError,
    placed at the file, for one that is neither.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(len(_ZIP))
    except (OSError, ValueError):
        return read_safetensors(path)  # which tells why it cannot be read
    pickled = head == _ZIP or (head.startswith(_PICKLE) and not head.endswith(b"\0"))
    return _pickled(path, mmap=head == _ZIP) if pickled else read_safetensors(path)


def _pickled(path: str | os.PathLike[str], *, mmap: bool) -> dict[str, NDArray[Any]]:
    place = Location(os.fspath(path))
    try:
        import torch
    except ImportError:
        raise CaffeToolsError(
            "this file needs PyTorch: pip install 'caffetools[torch]'", place
        ) from None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except Exception as error:  # noqa: BLE001  # a damaged file raises whatever unpickling raises
        reason = str(error).partition("\n")[0]
        raise CaffeToolsError(f"PyTorch cannot load this file: {reason}", place) from None
    if not isinstance(state, dict):
        raise CaffeToolsError(f"expected a state dict, found {type(state).__name__}", place)
    return {
        name: tensor.detach().float().numpy()
        for name, tensor in state.items()
        if isinstance(tensor, torch.Tensor)
    }
