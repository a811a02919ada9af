"""Caffe's fillers that `torch.nn.init` lacks (filler.hpp).

Constant, gaussian and uniform fillers are `nn.init.constant_`, `normal_` and `uniform_`. The
functions here also modify the tensor in place and return it.
"""

import math

import torch
from torch import Tensor


def filler_fan(tensor: Tensor, variance_norm: str) -> float:
    """Return the fan for FAN_IN, FAN_OUT or AVERAGE, the mean of both.

    The first axis counts as outputs and the second as inputs for every layer type.
    """
    fan_in = tensor.numel() // tensor.size(0)
    fan_out = tensor.numel() // tensor.size(1) if tensor.dim() > 1 else tensor.numel()
    fans = {"FAN_IN": fan_in, "FAN_OUT": fan_out, "AVERAGE": (fan_in + fan_out) / 2}
    return fans[variance_norm]


@torch.no_grad()
def xavier_(tensor: Tensor, variance_norm: str = "FAN_IN") -> Tensor:
    """Draw uniformly from (-a, a), a = sqrt(3 / fan) (Glorot and Bengio, 2010)."""
    bound = math.sqrt(3 / filler_fan(tensor, variance_norm))
    return tensor.uniform_(-bound, bound)


@torch.no_grad()
def msra_(tensor: Tensor, variance_norm: str = "FAN_IN") -> Tensor:
    """Draw from a normal distribution, std = sqrt(2 / fan) (He et al., 2015)."""
    return tensor.normal_(0, math.sqrt(2 / filler_fan(tensor, variance_norm)))


@torch.no_grad()
def sparse_gaussian_(tensor: Tensor, mean: float, std: float, sparse: int) -> Tensor:
    """Draw from a normal distribution; keep each element with probability sparse / outputs."""
    keep = torch.empty_like(tensor).bernoulli_(min(1.0, sparse / tensor.size(0)))
    return tensor.normal_(mean, std).mul_(keep)


@torch.no_grad()
def positive_unitball_(tensor: Tensor) -> Tensor:
    """Draw uniformly from (0, 1); normalize each slice of the first axis to sum 1."""
    items = tensor.uniform_().reshape(tensor.size(0), -1)
    return tensor.copy_((items / items.sum(1, keepdim=True)).reshape(tensor.shape))


@torch.no_grad()
def bilinear_(tensor: Tensor) -> Tensor:
    """Fill each square kernel `(..., K, K)` with the weights of bilinear upsampling."""
    width = tensor.size(3)
    factor = math.ceil(width / 2)
    centre = (width - 1) / (2 * factor)
    steps = torch.arange(width, dtype=tensor.dtype, device=tensor.device)
    line = 1 - (steps / factor - centre).abs()
    return tensor.copy_(line.unsqueeze(1) * line)
