"""`.safetensors` files: a length, JSON with the position of each tensor, and the data.

https://github.com/huggingface/safetensors describes the format.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError, Location
from caffetools.proto.source import mapped, shown_name

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
_BFLOAT16 = "BF16"
_ALIGNMENT = 8
"""Bytes: the data begins at a multiple."""


def safetensors(tensors: Mapping[str, NDArray[Any]]) -> Iterator[bytes | memoryview]:
    """Encode tensors as float32; float32 arrays are not copied."""
    header: dict[str, Any] = {}
    start = 0
    for name, tensor in tensors.items():
        end = start + 4 * tensor.size
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [start, end]}
        start = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    yield len(text).to_bytes(8, "little") + text
    for tensor in tensors.values():
        values = np.ascontiguousarray(tensor, np.dtype("<f4"))
        yield values.reshape(-1).view(np.uint8).data


def read_safetensors(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """Map a file and return its tensors: floats of 16 to 64 bits, all others are left out.

    Raises CaffeToolsError, placed at the file, for one that is cut off or of another format.
    """
    try:
        return _tensors(mapped(path))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        text = f"this is not a .safetensors file, or it is damaged: {error}"
        raise CaffeToolsError(text, Location(shown_name(path))) from None


def _tensors(buffer: memoryview) -> dict[str, NDArray[Any]]:
    start = 8 + int.from_bytes(buffer[:8], "little")
    if not 8 < start <= len(buffer):
        raise ValueError("its header is cut off")
    header = json.loads(bytes(buffer[8:start]))
    return {
        name: _tensor(buffer[start:], entry)
        for name, entry in header.items()
        if name != "__metadata__" and entry["dtype"] in {*_TYPES, _BFLOAT16}
    }


def _tensor(data: memoryview, entry: Mapping[str, Any]) -> NDArray[Any]:
    start, end = entry["data_offsets"]
    shape = tuple(entry["shape"])
    half = entry["dtype"] == _BFLOAT16
    kind = np.dtype("<u2" if half else _TYPES[entry["dtype"]])
    if not 0 <= start <= end <= len(data) or prod(shape) * kind.itemsize != end - start:
        raise ValueError("a tensor does not fill its place")
    values = np.frombuffer(data[start:end], kind)
    if half:  # the upper half of a float32
        values = (values.astype("<u4") << 16).view("<f4")
    return values.reshape(shape)
