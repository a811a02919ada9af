"""Element by element operations whose ties Caffe breaks in its own way."""

import torch
from torch import Tensor, nn


def elementwise_max(first: Tensor, *others: Tensor) -> Tensor:
    """Take the largest of several tensors: Eltwise MAX with Caffe's gradient.

    The gradient goes to one of those that tie: the second of the first two, before all later ones
    (eltwise_layer.cpp). `torch.maximum` shares it out.
    """
    largest = torch.where(first > others[0], first, others[0])
    for other in others[1:]:
        largest = torch.where(other > largest, other, largest)
    return largest


def aligned(values: Tensor, axis: int, x: Tensor) -> Tensor:
    """Give `values` trailing axes of 1, so that their first axis lies on axis `axis` of `x`."""
    return values.reshape(values.shape + (1,) * (x.dim() - axis - values.dim()))


def multiply_along(x: Tensor, factor: Tensor, axis: int = 1) -> Tensor:
    """Multiply: Caffe's Scale of two bottoms (scale_layer.cpp)."""
    return x * aligned(factor, axis, x)


def add_along(x: Tensor, summand: Tensor, axis: int = 1) -> Tensor:
    """Add: Caffe's Bias of two bottoms (bias_layer.cpp)."""
    return x + aligned(summand, axis, x)


class Scale(nn.Module):
    """Multiply by a learned tensor and, if asked, add another: Caffe's Scale.

    `shape` is that of the axes of the input from `axis` on that the tensors span; () for one
    number.
    """

    def __init__(
        self, shape: tuple[int, ...], axis: int = 1, *, bias: bool = False
    ) -> None:
        super().__init__()
        self.axis = axis
        self.weight = nn.Parameter(torch.ones(shape))
        self.bias = nn.Parameter(torch.zeros(shape)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Scale and shift."""
        weight = aligned(self.weight, self.axis, x)
        if self.bias is None:
            return x * weight
        return torch.addcmul(aligned(self.bias, self.axis, x), x, weight)


class Bias(nn.Module):
    """Add a learned tensor of `shape` along the axes from `axis` on: Caffe's Bias."""

    def __init__(self, shape: tuple[int, ...], axis: int = 1) -> None:
        super().__init__()
        self.axis = axis
        self.bias = nn.Parameter(torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        """Add the bias."""
        return x + aligned(self.bias, self.axis, x)
