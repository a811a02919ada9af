"""View an exported module as Caffe's net: blobs in Caffe's order, loss, shared weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import Blob
from caffetools.torch.training.solver_base import Learnable

Multipliers = Mapping[str, Sequence[tuple[float, float]]]
"""(lr_mult, decay_mult) of each blob, by layer."""


class LayerBlob(NamedTuple):
    """A blob of Caffe's layer: its position in the layer, its key in the module's state_dict.

    `shape` is Caffe's; the elements are in the same order as in `tensor`.
    """

    layer: str
    position: int
    key: str
    tensor: Tensor
    shape: tuple[int, ...]


def layer_blobs(module: nn.Module) -> list[LayerBlob]:
    """Return all blobs in the order of the layers; a shared one occurs at each of its layers."""
    state = module.state_dict(keep_vars=True)
    shapes: Mapping[str, tuple[int, ...]] = getattr(module, "caffe_shapes", {})
    return [
        LayerBlob(
            layer,
            index,
            key,
            state[key],
            shapes.get(f"{layer}/{index}", shapes.get(key, tuple(state[key].shape))),
        )
        for layer, keys in _params(module).items()
        for index, key in enumerate(keys)
    ]


def owned_blobs(module: nn.Module) -> list[LayerBlob]:
    """Return Caffe's learnable_params: each blob once, at the first layer that has it."""
    owned: dict[int, LayerBlob] = {}
    for blob in layer_blobs(module):
        owned.setdefault(id(blob.tensor), blob)
    return list(owned.values())


def owned_indices(module: nn.Module) -> set[tuple[str, int]]:
    """Return the layer and the index in it of each owned blob."""
    return {(blob.layer, blob.position) for blob in owned_blobs(module)}


def stored_blobs(module: nn.Module, *, is_hdf5: bool) -> dict[str, list[Blob | None]]:
    """Return the blobs of each layer to save; HDF5 holds a shared one at its owner only."""
    owned = owned_indices(module)
    layers: dict[str, list[Blob | None]] = {}
    for blob in layer_blobs(module):
        left_out = is_hdf5 and (blob.layer, blob.position) not in owned
        layers.setdefault(blob.layer, []).append(
            None if left_out else stored(blob.shape, blob.tensor)
        )
    return layers


def stored(shape: tuple[int, ...], tensor: Tensor) -> Blob:
    """Return a tensor as files hold it."""
    return Blob(shape, tensor.detach().float().cpu().numpy())


def learnable(
    module: nn.Module, multipliers: Multipliers, *, force_backward: bool = False
) -> list[Learnable]:
    """Return the blobs for the solver; those with lr_mult 0 get no gradient unless forced."""
    found = []
    for blob in owned_blobs(module):
        given = multipliers.get(blob.layer, ())
        lr_mult, decay_mult = given[blob.position] if blob.position < len(given) else (1.0, 1.0)
        if isinstance(blob.tensor, nn.Parameter):
            blob.tensor.requires_grad_(lr_mult != 0 or force_backward)
        found.append(Learnable(blob.tensor, lr_mult, decay_mult))
    return found


def check_finite(module: nn.Module, iteration: int) -> None:
    """Raise CaffeToolsError if a blob holds nan or inf: such weights are not saved.

    They may do so while the loss is finite: the gradient was not, or the loss ignores the layer.
    """
    for blob in owned_blobs(module):
        if not torch.isfinite(blob.tensor).all():
            text = f"blob {blob.position} of layer {blob.layer!a} holds nan or inf after iteration"
            stops = "training stops, the last snapshot is kept"
            raise CaffeToolsError(f"{text} {iteration}: {stops}")


def loss_weights(module: nn.Module) -> dict[str, float]:
    """Return the loss weight of each output that contributes to the loss."""
    weights: Mapping[str, float] = getattr(module, "loss_weights", {})
    outputs = output_names(module)
    return {blob: weight for blob, weight in weights.items() if blob in outputs}


def output_names(module: nn.Module) -> tuple[str, ...]:
    """Return the names of the module's outputs in its current phase."""
    names: tuple[str, ...] = module.outputs  # type: ignore[assignment]
    return names


def outputs_of(module: nn.Module, result: Tensor | tuple[Tensor, ...]) -> dict[str, Tensor]:
    """Return the result of a call of the module by blob."""
    values = (result,) if isinstance(result, Tensor) else result
    return dict(zip(output_names(module), values, strict=True))


def total_loss(outputs: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Return Caffe's loss: the sum of all elements of all outputs, times their loss weights."""
    parts = [_weighted(outputs[blob], weight) for blob, weight in weights.items()]
    return sum(parts[1:], parts[0]) if parts else torch.zeros(())


def _weighted(values: Tensor, weight: float) -> Tensor:
    total = values.sum() if values.dim() else values
    return total if weight == 1 else total * weight


def share(test: nn.Module, trained: nn.Module) -> None:
    """Let layers of the same name share their tensors (net.cpp, ShareTrainedLayersWith).

    Raises CaffeToolsError if the shapes of a layer differ.
    """
    trained_params = _params(trained)
    state, own = trained.state_dict(keep_vars=True), test.state_dict(keep_vars=True)
    for layer, keys in _params(test).items():
        sources, place = trained_params.get(layer), f"for layer {layer!a} in the test net"
        if sources is None:
            continue
        if len(keys) != len(sources):
            raise CaffeToolsError(f"expected {len(sources)} blobs {place}, found {len(keys)}")
        for key, source in zip(keys, sources, strict=True):
            wanted, found = tuple(state[source].shape), tuple(own[key].shape)
            if found != wanted:
                raise CaffeToolsError(f"expected a blob of shape {wanted} {place}, found {found}")
            for name, tensor in own.items():
                if tensor is own[key]:  # a tensor that layers share has several names
                    owner, _, attribute = name.rpartition(".")
                    setattr(test.get_submodule(owner), attribute, state[source])


@torch.no_grad()
def load(module: nn.Module, layers: Mapping[str, Sequence[Blob | None]]) -> Iterator[str]:
    """Copy the blobs of layers of the same name (net.cpp, CopyTrainedLayersFrom).

    A blob that an earlier layer shares may be missing, as in HDF5. Yields the names of layers that
    the module lacks. Raises CaffeToolsError if the number of blobs or a shape does not match.
    """
    owned = owned_indices(module)
    own: dict[str, list[LayerBlob]] = {}
    for blob in layer_blobs(module):
        own.setdefault(blob.layer, []).append(blob)
    for layer, given in layers.items():
        if layer not in own:
            if given:
                yield layer
            continue
        present = {index for index, found in enumerate(given) if found is not None}
        missing = {blob.position for blob in own[layer]} - present
        if len(given) > len(own[layer]) or any((layer, index) in owned for index in missing):
            text = f"expected {len(own[layer])} blobs for layer {layer!a}, found {len(present)}"
            raise CaffeToolsError(text)
        for mine, found in zip(own[layer], given, strict=False):
            if found is None:
                continue
            if not found.fits(mine.shape):
                text = f"expected blob {mine.position} of layer {layer!a} to be {mine.shape}"
                hint = "rename the layer to start it from its filler"
                raise CaffeToolsError(f"{text}, found {found.shape}; {hint}")
            values = torch.from_numpy(found.as_float32(tuple(mine.tensor.shape)).copy())
            mine.tensor.copy_(values)


def _params(module: nn.Module) -> Mapping[str, tuple[str, ...]]:
    params: Mapping[str, tuple[str, ...]] = module.caffe_params  # type: ignore[assignment]
    return params
