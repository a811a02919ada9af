"""Caffe's blobs over tensors: arrays of a script share memory with what layers compute on.

`data` and `diff` of a blob are float32 arrays. On the CPU they share memory with the tensors; on a
GPU they are copied when a script asks for them, and copied back before the next layer reads them.
"""

from __future__ import annotations

import math
import weakref
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from caffetools.layers.blobs import Shape
from caffetools.pycaffe.faults import CaffeError

_LEGACY_AXES = 4


class Memory:
    """The numbers of one half of a blob (syncedmem.cpp): a tensor, and what scripts hold of it."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self._host: Tensor | None = None
        """The copy on the CPU of a tensor on a GPU."""
        self._is_host_newer = False
        self._held: weakref.ref[NDArray[np.float32]] | None = None
        """The array of which all that scripts hold are views."""

    def array(self) -> NDArray[np.float32]:
        """Return the numbers as an array; what a script writes to it, layers read."""
        home = self.tensor.data
        if home.device.type != "cpu":
            if self._host is None:
                self._host = home.cpu()
            elif not self._is_host_newer:
                self._host.copy_(home)
            self._is_host_newer = True
            home = self._host
        held = None if self._held is None else self._held()
        if held is None:
            held = home.numpy()
            self._held = weakref.ref(held)
        return held[...]

    def on(self, device: torch.device) -> Tensor:
        """Return the tensor, moved to the device and with what a script wrote."""
        if self._is_host_newer and self._host is not None:
            self.tensor.data.copy_(self._host)
            self._is_host_newer = False
        if self.tensor.device.type != device.type:
            # A parameter stays the object that its module has.
            self.tensor.data, self._held = self.tensor.data.to(device), None
        return self.tensor

    @property
    def is_held(self) -> bool:
        """Whether a script holds an array of the numbers."""
        return self._held is not None and self._held() is not None

    def put(self, values: Tensor) -> None:
        """Replace the numbers; they are copied if a script holds an array of the old ones."""
        self._is_host_newer = False
        count = values.numel()
        if self.is_held and count <= self.tensor.numel():
            self.tensor.data.view(-1)[:count].copy_(values.reshape(-1))
        else:
            self.tensor, self._host, self._held = values, None, None


class Blob:
    """Caffe's Blob: a shape, `data` and `diff`, which are zero until something is written."""

    def __init__(self, shape: Shape = (), data: Tensor | None = None) -> None:
        self._shape = tuple(shape)
        self.memory = {} if data is None else {"data": Memory(data)}
        """Memory of `data` and `diff`, once they are used."""

    @property
    def shape(self) -> list[int]:
        """Extents of the axes."""
        return list(self._shape)

    @property
    def count(self) -> int:
        """Number of elements."""
        return math.prod(self._shape)

    @property
    def data(self) -> NDArray[np.float32]:
        """Values: float32, of the blob's shape."""
        return self._array("data")

    @property
    def diff(self) -> NDArray[np.float32]:
        """Gradients: float32, of the blob's shape."""
        return self._array("diff")

    @property
    def num(self) -> int:
        """First of four axes."""
        return self._legacy(0)

    @property
    def channels(self) -> int:
        """Second of four axes."""
        return self._legacy(1)

    @property
    def height(self) -> int:
        """Third of four axes."""
        return self._legacy(2)

    @property
    def width(self) -> int:
        """Last of four axes."""
        return self._legacy(3)

    def reshape(self, *shape: int, **options: Any) -> None:
        """Change the shape; values are kept if there is memory for the new shape (blob.cpp)."""
        if options:
            raise CaffeError("Blob.reshape takes no kwargs")
        if any(extent < 0 for extent in shape):
            raise CaffeError(f"expected extents of at least 0, found {shape}")
        self._shape = tuple(map(int, shape))
        self.memory = {
            half: memory for half, memory in self.memory.items() if self._fits(memory.tensor)
        }

    def half(self, name: str) -> Memory:
        """Return the memory of `data` or `diff`, zeros if it is new."""
        memory = self.memory.get(name)
        if memory is None:
            memory = self.memory[name] = Memory(torch.zeros(self._shape))
        return memory

    def tensor(self, device: torch.device, half: str = "data") -> Tensor:
        """Return the values, or the gradients, as a tensor of the blob's shape."""
        found = self.half(half).on(device)
        if found.shape == self._shape:
            return found
        return found.detach().reshape(-1)[: self.count].view(self._shape)

    def put(self, values: Tensor, half: str = "data") -> None:
        """Set the values or the gradients; another number of elements changes the shape."""
        if values.numel() != self.count:
            self.reshape(*values.shape)
        memory = self.memory.get(half)
        if memory is None:
            self.memory[half] = Memory(values)
        else:
            memory.put(values)

    def share(self, other: Blob, *halves: str) -> None:
        """Use the memory of another blob of as many elements."""
        self.memory.update({half: other.half(half) for half in halves})

    def _array(self, half: str) -> NDArray[np.float32]:
        array = self.half(half).array()
        if array.shape == self._shape:
            return array
        return array.reshape(-1)[: self.count].reshape(self._shape)

    def _fits(self, tensor: Tensor) -> bool:
        return tensor.numel() >= self.count

    def _legacy(self, axis: int) -> int:
        if len(self._shape) > _LEGACY_AXES:
            text = f"expected at most {_LEGACY_AXES} axes for num, channels, height and width"
            raise CaffeError(f"{text}, found {len(self._shape)}")
        return self._shape[axis] if axis < len(self._shape) else 1

    def __repr__(self) -> str:
        return f"<Blob {' x '.join(map(str, self._shape))}>"


class BlobVec(list[Blob]):
    """The parameter blobs of a layer."""

    def add_blob(self, *shape: int, **options: Any) -> None:
        """Append a blob of zeros."""
        if options:
            raise CaffeError("BlobVec.add_blob takes no kwargs")
        self.append(Blob(shape, torch.zeros(shape)))
