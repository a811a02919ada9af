"""Weights from a `.safetensors` file."""

import json
import os

import torch
from torch import Tensor


def read_safetensors(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Return the float32 tensors of a .safetensors file, memory-mapped."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:  # the length of a JSON header, the header, the data
        start = 8 + int.from_bytes(file.read(8), "little")
        if not 8 < start <= size:
            raise ValueError(f"{os.fspath(path)} is not a .safetensors file")
        header = json.loads(file.read(start - 8))
    header.pop("__metadata__", None)
    data = torch.from_file(os.fspath(path), size=size, dtype=torch.uint8)[start:]
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        if entry["dtype"] != "F32" or not 0 <= begin <= end <= data.numel():
            raise ValueError(f"{name} is cut off, or not of float32: {entry['dtype']}")
        header[name] = data[begin:end].view(torch.float32).reshape(entry["shape"])
    return dict(header)
