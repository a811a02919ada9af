"""A net and its weights, as one value that edits replace."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from caffetools.editing.messages import with_layers
from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.weights import read_layers
from caffetools.layers.base import Options
from caffetools.layers.blobs import Shape, count, dims
from caffetools.net.graph import State
from caffetools.net.infer import InferredLayer
from caffetools.net.loading import infer_net
from caffetools.net.net import Net
from caffetools.proto.message import Message

Array = NDArray[np.float32]
Blobs = Mapping[str, tuple[Array, ...]]
"""Blobs of each layer by its name, in Caffe's order and shapes."""


@dataclass(frozen=True)
class EditedNet:
    """An upgraded net, its weights, and the state and shapes in which it is inferred."""

    message: Message
    weights: Blobs
    state: State
    options: Options

    @cached_property
    def net(self) -> Net:
        """The inferred net; raises CaffeToolsError, placed, for what Caffe refuses."""
        return infer_net(self.message, self.state, self.options)

    @cached_property
    def other(self) -> EditedNet:
        """The same in the other phase."""
        phase = "TRAIN" if self.state.phase == "TEST" else "TEST"
        return replace(self, state=self.state._replace(phase=phase))

    def layer(self, name: str) -> InferredLayer:
        """Return a layer of the state by its name; raises CaffeToolsError if there is none."""
        for layer in self.net.layers:
            if layer.node.name == name:
                return layer
        text = f"the net has no layer {name!a} in the phase {self.state.phase}"
        raise CaffeToolsError(text, self.message.location())

    def with_messages(self, change: Callable[[Message], Iterable[Message]]) -> EditedNet:
        """Return the net with each layer replaced, and without weights of layers that are gone."""
        layers = [new for old in self.message.messages("layer") for new in change(old)]
        names = {layer.text("name") for layer in layers}
        kept = {name: blobs for name, blobs in self.weights.items() if name in names}
        return replace(self, message=with_layers(self.message, layers), weights=kept)

    def with_weights(self, changed: Blobs) -> EditedNet:
        """Return the net with other blobs of some layers."""
        return replace(self, weights={**self.weights, **changed})

    def with_fitting_weights(self) -> EditedNet:
        """Return the net with blobs cut, or extended by zeros, to the shapes that it expects."""
        found: dict[str, tuple[Array, ...]] = {}
        for layer in self.net.layers:
            blobs = self.weights.get(layer.node.name, ())
            if blobs:
                pairs = enumerate(layer.params)
                found[layer.node.name] = tuple(
                    _fitted(blobs[index] if index < len(blobs) else None, param.shape)
                    for index, param in pairs
                )
        return self.with_weights(found)

    def check_weights(self) -> None:
        """Raise CaffeToolsError, placed at the layer, for blobs that do not fit the net."""
        for layer in self.net.layers:
            found = self.weights.get(layer.node.name, ())
            shapes = [blob.shape for blob in layer.params]
            if found and layer.macs is not None and [blob.shape for blob in found] != shapes:
                expected, got = (
                    ", ".join(map(dims, each)) for each in (shapes, [b.shape for b in found])
                )
                text = f"layer {layer.node.name!a} would expect blobs of {expected}, it has {got}"
                raise layer.node.message.error(text, kind=CaffeToolsError)


def _fitted(blob: Array | None, shape: Shape) -> Array:
    """Return the blob if it has the shape, else zeros with the part that both have."""
    if blob is not None and blob.shape == shape:
        return blob
    made = np.zeros(shape, np.float32)
    if blob is not None and blob.ndim == len(shape):
        common = tuple(slice(min(pair)) for pair in zip(blob.shape, shape, strict=True))
        made[common] = blob[common]
    return made


def read_blobs(path: str | os.PathLike[str], *nets: Net) -> dict[str, tuple[Array, ...]]:
    """Read the weights of a net's layers, in the shapes that the first of its phases expects.

    Raises CaffeToolsError, located at the file, for blobs that do not fit.
    """
    found: dict[str, tuple[Array, ...]] = {}
    place = Location(os.fspath(path))
    params = {layer.node.name: layer.params for net in nets[::-1] for layer in net.layers[::-1]}
    for name, blobs in read_layers(path).items():
        arrays: list[Array] = []
        for index, blob in enumerate(blobs):
            wanted = params[name][index] if index < len(params.get(name, ())) else None
            if blob is None:  # HDF5 leaves out what an earlier layer shares
                owner = wanted.owner if wanted is not None else None
                if owner is None or index >= len(found.get(owner, ())):
                    raise CaffeToolsError(f"blob {index} of layer {name!a} is missing", place)
                arrays.append(found[owner][index])
                continue
            if wanted is not None and not blob.fits(wanted.shape):
                text = f"blob {index} of layer {name!a} expected {dims(wanted.shape)}, found "
                raise CaffeToolsError(text + dims(blob.shape), place)
            arrays.append(blob.as_float32(None if wanted is None else wanted.shape))
        if arrays:
            found[name] = tuple(arrays)
    if not any(name in params for name in found):
        raise CaffeToolsError("no layer of the net has weights in this file", place)
    return found


def drawn_blobs(net: Net) -> dict[str, tuple[Array, ...]]:
    """Return blobs drawn from a fixed seed, so that outputs neither vanish nor grow."""
    random = np.random.default_rng(0)

    def blob(role: str, shape: Shape) -> Array:
        if role in ("variance", "factor"):
            return np.asarray(random.uniform(0.5, 1.5, shape), np.float32)
        inputs = count(shape[1:]) if len(shape) > 1 else 4
        return np.asarray(random.normal(0, 1 / sqrt(max(inputs, 1)), shape), np.float32)

    return {
        layer.node.name: tuple(blob(param.role, param.shape) for param in layer.params)
        for layer in net.layers
        if layer.params
    }
