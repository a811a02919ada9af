"""Layers of a live net: each computes from the blobs of its bottoms to those of its tops.

`reshape`, `forward` and `backward` have the arguments of a user's Python layer, which is a unit of
its own kind. `EmittedUnit` runs the module that an export has for the layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from caffetools.net.infer import InferredLayer
from caffetools.pycaffe.live_blob import Blob, BlobVec
from caffetools.pycaffe.modes import current_device

Blobs = Sequence[Blob]


class Layer:
    """Base class of layers; Python layers have `param_str`, `phase` and `blobs` in `setup`.

    A subclass has `setup(bottom, top)`, `reshape(bottom, top)`, `forward(bottom, top)` and
    `backward(top, propagate_down, bottom)`.
    """

    type = "Python"
    param_str = ""
    phase = 0

    def __init__(self, param: Any = None) -> None:
        """`param` is the LayerParameter."""
        self.layer_param = param

    @cached_property
    def blobs(self) -> BlobVec:
        """Parameters, which `setup` adds: `self.blobs.add_blob(2, 3)`."""
        return BlobVec()


class SourceUnit(Layer):
    """A layer without bottoms that is given its tops: by the script, or by `read`."""

    def __init__(self, kind: str, read: Callable[[], Iterable[Tensor | None]] | None) -> None:
        self.type, self.blobs, self.read = kind, BlobVec(), read

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        """Keep the shapes, which scripts may change."""

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Read the next batch."""
        for blob, values in zip(top, self.read() if self.read else (), strict=False):
            if values is not None:
                blob.put(values.to(current_device()))

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """Do nothing: there are no bottoms."""


class SharingUnit(Layer):
    """A layer whose tops share the memory of its bottom: Split, Flatten, Reshape.

    Of Split only the values are shared, and the gradients are summed (split_layer.cpp).
    """

    def __init__(self, layer: InferredLayer) -> None:
        self.type, self.blobs, self.layer = layer.node.type, BlobVec(), layer.layer
        self.halves = ("data",) if self.type == "Split" else ("data", "diff")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        """Give the tops their shape and the bottom's memory."""
        assert self.layer is not None
        shapes = self.layer.facts(tuple(tuple(blob.shape) for blob in bottom)).tops
        for blob, shape in zip(top, shapes, strict=True):
            if shape is not None and blob.shape != list(shape):
                blob.reshape(*shape)
            blob.share(bottom[0], *self.halves)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Do nothing: the values are shared."""

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """Add up the gradients of the tops of a Split."""
        if propagate_down[0] and self.type == "Split":
            device = current_device()
            first, *others = (blob.tensor(device, "diff") for blob in top)
            bottom[0].put(sum(others, first.clone()), "diff")


def as_tensor(array: np.ndarray[Any, np.dtype[np.float32]]) -> Tensor:
    """Return a tensor that shares the memory of an array, of a copy if that is read-only."""
    return torch.from_numpy(array if array.flags.writeable else array.copy())
