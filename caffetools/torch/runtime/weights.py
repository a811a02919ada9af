"""Weights from a `.safetensors` file, read with PyTorch alone."""

import json
import os

import torch
from torch import Tensor, nn


def read_safetensors(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Return the float32 tensors of a file, memory-mapped and read lazily.

    The file holds the length of the header in 8 bytes, a JSON header with the offsets, and the
    tensors. Raises ValueError for a truncated file or another format.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        start = 8 + int.from_bytes(file.read(8), "little")
        if not 8 < start <= size:
            raise ValueError(f"{os.fspath(path)} is no .safetensors file")
        header = json.loads(file.read(start - 8))
    header.pop("__metadata__", None)
    data = torch.from_file(os.fspath(path), size=size, dtype=torch.uint8)[start:]
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        if entry["dtype"] != "F32" or not 0 <= begin <= end <= data.numel():
            raise ValueError(f"{name} is cut off, or not of float32: {entry['dtype']}")
        tensors[name] = data[begin:end].view(torch.float32).reshape(entry["shape"])
    return tensors


def load_weights(module: nn.Module, path: str | os.PathLike[str]) -> None:
    """Load a `.safetensors` file; parameters that it lacks are unchanged.

    Raises KeyError for a tensor that the module does not have.
    """
    found = module.load_state_dict(read_safetensors(path), strict=False)
    if found.unexpected_keys:
        raise KeyError(f"the model has no {', '.join(found.unexpected_keys)}")
