"""Layers without bottoms of a live net: inputs, arrays in memory, files that training reads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from caffetools.errors import CaffeToolsError
from caffetools.layers.inputs import MemoryData
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.pycaffe.faults import CaffeError
from caffetools.pycaffe.layer_unit import SourceUnit, as_tensor
from caffetools.torch.export.emitted_layers import is_input
from caffetools.torch.solver.data_layers import check_sources, labels_of, origins_of, sources_of
from caffetools.torch.training.data.batches import Reading
from caffetools.torch.training.data.reader import Reader
from caffetools.torch.training.project import Origin


class MemoryFeed:
    """Arrays of a MemoryData layer, which it gives batch after batch, round and round."""

    def __init__(self, layer: InferredLayer) -> None:
        self.layer = layer
        self.shape = layer.tops[0] or ()
        self.arrays: tuple[Tensor, ...] = ()
        self.position = 0

    def reset(self, *arrays: Any) -> None:
        """Take data `(N, C, H, W)` and labels `(N, 1, 1, 1)`; N is a multiple of the batch size."""
        shapes = (self.shape[1:], (1, 1, 1))
        for name, array, shape in zip(("data", "labels"), arrays, shapes, strict=True):
            _check_array(f"{name} array", array, shape)
        if len(arrays[0]) != len(arrays[1]):
            raise CaffeError("data and labels must have the same first dimension")
        if len(arrays[0]) % self.shape[0]:
            raise CaffeError("first dimensions of input arrays must be a multiple of batch size")
        self.arrays, self.position = tuple(map(as_tensor, arrays)), 0

    def __call__(self) -> list[Tensor]:
        """Return the next batch."""
        if not self.arrays:
            text = "a MemoryData layer has no data; use set_input_arrays"
            raise self.layer.node.message.error(text, kind=CaffeToolsError)
        start, step = self.position, self.shape[0]
        self.position = (start + step) % len(self.arrays[0])
        data, labels = (array[start : start + step] for array in self.arrays)
        return [data, labels.reshape(step)]


def _check_array(name: str, array: Any, shape: tuple[int, ...]) -> None:
    """Raise for an array that set_input_arrays refuses (_caffe.cpp, CheckContiguousArray)."""
    if not isinstance(array, np.ndarray) or not array.flags.c_contiguous:
        raise CaffeError(f"{name} must be C contiguous")
    if array.ndim != len(shape) + 1:
        raise CaffeError(f"{name} must be 4-d, found {array.ndim} axes")
    if array.dtype != np.float32:
        raise CaffeError(f"{name} must be float32, found {array.dtype}")
    names = ("wrong number of channels", "wrong height", "wrong width")
    for text, wanted, found in zip(names, shape, array.shape[1:], strict=True):
        if wanted != found:
            raise CaffeError(f"{name} has {text}: expected {wanted}, found {found}")


class _Feed:
    """The batches of a reader, in the order of a layer's tops."""

    def __init__(self, reader: Reader, tops: tuple[str, ...], origin: Origin) -> None:
        self.reader, self.tops, self.origin = reader, tops, origin

    def __call__(self) -> list[Tensor | None]:
        try:
            tensors = self.reader.next().tensors
        except CaffeToolsError as error:
            raise self.origin(error) from None
        return [tensors.get(top) for top in self.tops]


def source_units(net: Net) -> Iterator[tuple[str, SourceUnit]]:
    """Yield each layer that is given its tops, by key.

    Raises CaffeToolsError, located, for files that cannot be read.
    """
    check_sources(net)
    layers = [layer for layer in net.layers if is_input(layer)]
    labels, folder = labels_of(net), os.path.dirname(net.inferred.graph.message.source.name)
    rows = zip(layers, sources_of(net), origins_of(net), strict=True)
    for layer, source, origin in rows:
        feed: Any = None
        if isinstance(layer.layer, MemoryData):
            feed = MemoryFeed(layer)
        elif layer.layer is not None and layer.layer.source_kind:
            seed, train = int(torch.randint(2**62, ())), net.state.phase == "TRAIN"
            reading = Reading(seed, train, folder or ".", workers=0, labels=labels)
            reader = Reader(source, reading)
            try:
                reader.first()
            except CaffeToolsError as error:
                raise origin(error) from None
            feed = _Feed(reader, source.tops, origin)
        yield layer.node.key, SourceUnit(layer.node.type, feed)
