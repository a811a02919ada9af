"""Caffe's fillers that `torch.nn.init` lacks (filler.hpp).

`nn.init.constant_`, `normal_` and `uniform_` are Caffe's constant, gaussian and uniform. Each
function here fills a tensor in place and returns it.
"""

import math

import torch
from torch import Tensor


def filler_fan(tensor: Tensor, variance_norm: str) -> float:
    """Return the number of inputs, of outputs or their mean: FAN_IN, FAN_OUT or AVERAGE.

    The first axis counts as outputs, the second as inputs, whatever the layer makes of them.
    """
    fan_in = tensor.numel() // tensor.size(0)
    fan_out = tensor.numel() // tensor.size(1) if tensor.dim() > 1 else tensor.numel()
    return {"FAN_IN": fan_in, "FAN_OUT": fan_out, "AVERAGE": (fan_in + fan_out) / 2}[
        variance_norm
    ]


@torch.no_grad()
def xavier_(tensor: Tensor, variance_norm: str = "FAN_IN") -> Tensor:
    """Draw from -sqrt(3 / n) to sqrt(3 / n), n the fan (Glorot and Bengio, 2010)."""
    bound = math.sqrt(3 / filler_fan(tensor, variance_norm))
    return tensor.uniform_(-bound, bound)


@torch.no_grad()
def msra_(tensor: Tensor, variance_norm: str = "FAN_IN") -> Tensor:
    """Draw normally with a deviation of sqrt(2 / n), n the fan (He and others, 2015)."""
    return tensor.normal_(0, math.sqrt(2 / filler_fan(tensor, variance_norm)))


@torch.no_grad()
def sparse_gaussian_(tensor: Tensor, mean: float, std: float, sparse: int) -> Tensor:
    """Draw normally, then keep each value with a chance of `sparse` in the number of outputs."""
    keep = torch.empty_like(tensor).bernoulli_(min(1.0, sparse / tensor.size(0)))
    return tensor.normal_(mean, std).mul_(keep)


@torch.no_grad()
def positive_unitball_(tensor: Tensor) -> Tensor:
    """Draw from 0 to 1, then divide by the sums: each item of the first axis sums to 1."""
    items = (
        tensor.uniform_().flatten(1)
        if tensor.dim() > 1
        else tensor.uniform_().unsqueeze(1)
    )
    return tensor.copy_((items / items.sum(1, keepdim=True)).reshape(tensor.shape))


@torch.no_grad()
def bilinear_(tensor: Tensor) -> Tensor:
    """Fill each square kernel with the weights of bilinear interpolation, for upsampling."""
    width = tensor.size(3)
    factor = math.ceil(width / 2)
    centre = (width - 1) / (2 * factor)
    line = (
        1
        - (
            torch.arange(width, dtype=tensor.dtype, device=tensor.device) / factor
            - centre
        ).abs()
    )
    return tensor.copy_(line.unsqueeze(1) * line)
