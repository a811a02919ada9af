"""An exported module as Caffe's net: its blobs in Caffe's order, its loss, its shared weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import Blob
from caffetools.torch.training.solver_base import Learnable

Multipliers = Mapping[str, Sequence[tuple[float, float]]]
"""Of each layer's blobs: what the rate and the decay are multiplied by."""


class LayerBlob(NamedTuple):
    """One of Caffe's blobs in a module."""

    layer: str
    place: int
    """Among the blobs of the layer."""
    key: str
    tensor: Tensor
    shape: tuple[int, ...]
    """Caffe's; the elements are in one order in both."""


def layer_blobs(module: nn.Module) -> list[LayerBlob]:
    """All blobs, in the order of the layers; a shared one stands at each layer that has it."""
    state = module.state_dict(keep_vars=True)
    shapes: Mapping[str, tuple[int, ...]] = getattr(module, "caffe_shapes", {})
    return [
        LayerBlob(layer, place, key, state[key], shapes.get(key, tuple(state[key].shape)))
        for layer, keys in _params(module).items()
        for place, key in enumerate(keys)
    ]


def owned_blobs(module: nn.Module) -> list[LayerBlob]:
    """Caffe's learnable_params: each blob once, at the first layer that has it."""
    return list({id(blob.tensor): blob for blob in reversed(layer_blobs(module))}.values())[::-1]


def owned_places(module: nn.Module) -> set[tuple[str, int]]:
    """The layer and the place in it of each of them."""
    return {(blob.layer, blob.place) for blob in owned_blobs(module)}


def learnable(module: nn.Module, multipliers: Multipliers) -> list[Learnable]:
    """What the solver changes, and how fast; what has no rate gets no gradient."""
    found = []
    for blob in owned_blobs(module):
        given = multipliers.get(blob.layer, ())
        lr_mult, decay_mult = given[blob.place] if blob.place < len(given) else (1.0, 1.0)
        if isinstance(blob.tensor, nn.Parameter):
            blob.tensor.requires_grad_(lr_mult != 0)
        found.append(Learnable(blob.tensor, lr_mult, decay_mult))
    return found


def check_finite(module: nn.Module, iteration: int) -> None:
    """Raise CaffeToolsError where a blob holds what is no number: such weights are not to be kept.

    They may be so before the loss is: by a gradient that was infinite, or in a layer beside it.
    """
    for blob in owned_blobs(module):
        if not torch.isfinite(blob.tensor).all():
            raise CaffeToolsError(
                f"blob {blob.place} of layer {blob.layer!a} holds nan or inf after iteration "
                f"{iteration}: training stops, the last snapshot is kept"
            )


def loss_weights(module: nn.Module) -> dict[str, float]:
    """The weight with which each output enters the loss, of those that do."""
    weights: Mapping[str, float] = getattr(module, "loss_weights", {})
    outputs = output_names(module)
    return {blob: weight for blob, weight in weights.items() if blob in outputs}


def output_names(module: nn.Module) -> tuple[str, ...]:
    """The blobs that the module returns, in the phase that it is in."""
    names: tuple[str, ...] = module.outputs  # type: ignore[assignment]
    return names


def outputs_of(module: nn.Module, result: Tensor | tuple[Tensor, ...]) -> dict[str, Tensor]:
    """What a call of the module returned, by blob."""
    values = (result,) if isinstance(result, Tensor) else result
    return dict(zip(output_names(module), values, strict=True))


def total_loss(outputs: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Caffe's loss: every element of every output, times its weight."""
    parts = [_weighted(outputs[blob], weight) for blob, weight in weights.items()]
    return sum(parts[1:], parts[0]) if parts else torch.zeros(())


def _weighted(values: Tensor, weight: float) -> Tensor:
    total = values.sum() if values.dim() else values
    return total if weight == 1 else total * weight


def share(test: nn.Module, trained: nn.Module) -> None:
    """Let layers of the same name have the same tensors (net.cpp, ShareTrainedLayersWith).

    Raises CaffeToolsError where a layer is of another shape in one of them.
    """
    there = _params(trained)
    state, own = trained.state_dict(keep_vars=True), test.state_dict(keep_vars=True)
    for layer, keys in _params(test).items():
        if layer not in there:
            continue
        if len(keys) != len(there[layer]):
            raise CaffeToolsError(f"layer {layer!a} has other blobs when testing")
        for key, source in zip(keys, there[layer], strict=True):
            if own[key].shape != state[source].shape:
                raise CaffeToolsError(
                    f"a blob of layer {layer!a} is {tuple(own[key].shape)} when testing, "
                    f"{tuple(state[source].shape)} when training"
                )
            place, _, name = key.rpartition(".")
            setattr(test.get_submodule(place), name, state[source])


@torch.no_grad()
def load(module: nn.Module, layers: Mapping[str, Sequence[Blob | None]]) -> Iterator[str]:
    """Copy the blobs of layers of the same name (net.cpp, CopyTrainedLayersFrom).

    A blob that an earlier layer shares may be missing, as in HDF5. Yields the names that the module
    does not have. Raises CaffeToolsError where a layer has another number of blobs, or a blob
    another shape.
    """
    owned = owned_places(module)
    own: dict[str, list[LayerBlob]] = {}
    for blob in layer_blobs(module):
        own.setdefault(blob.layer, []).append(blob)
    for layer, given in layers.items():
        if layer not in own:
            if given:
                yield layer
            continue
        there = [place for place, found in enumerate(given) if found is not None]
        missing = {blob.place for blob in own[layer]} - set(there)
        if len(given) > len(own[layer]) or any((layer, place) in owned for place in missing):
            raise CaffeToolsError(
                f"expected {len(own[layer])} blobs for layer {layer!a}, found {len(there)}"
            )
        for mine, found in zip(own[layer], given, strict=False):
            if found is None:
                continue
            if _significant(mine.shape) != _significant(found.shape):
                raise CaffeToolsError(
                    f"expected blob {mine.place} of layer {layer!a} to be {mine.shape}, "
                    f"found {found.shape}"
                )
            values = torch.from_numpy(np.array(found.values, np.float32))
            mine.tensor.copy_(values.reshape(mine.tensor.shape))


def _params(module: nn.Module) -> Mapping[str, tuple[str, ...]]:
    params: Mapping[str, tuple[str, ...]] = module.caffe_params  # type: ignore[assignment]
    return params


def _significant(shape: Sequence[int]) -> list[int]:
    """The extents that are not 1: old files have four for every blob."""
    return [extent for extent in shape if extent != 1]
