"""What an exported module says of itself, in Caffe's terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn


def to_caffe(
    module: nn.Module, tensors: Mapping[str, Tensor] | None = None
) -> dict[str, list[NDArray[Any]]]:
    """Tensors of an exported module as Caffe's blobs: by layer, in Caffe's order and shapes.

    `tensors` are keyed and laid out as the module's parameters and buffers, which it takes by
    default: gradients, for example. What they lack counts as zero. The arrays are copies, of
    float32.
    """
    state = module.state_dict()
    given = state if tensors is None else tensors
    shapes: Mapping[str, tuple[int, ...]] = getattr(module, "caffe_shapes", {})
    params: Mapping[str, tuple[str, ...]] = getattr(module, "caffe_params")  # noqa: B009

    def blob(key: str) -> NDArray[Any]:
        tensor, shape = given.get(key), shapes.get(key, tuple(state[key].shape))
        if tensor is None:
            return np.zeros(shape, np.float32)
        return np.array(tensor.detach().float().cpu().numpy()).reshape(shape)

    return {layer: [blob(key) for key in keys] for layer, keys in params.items()}


def loss_weight(module: nn.Module, blob: str) -> float:
    """The weight with which an output of an exported module enters the loss; 0 if it does not."""
    weights: Mapping[str, float] = getattr(module, "loss_weights", {})
    return float(weights.get(blob, 0.0))
