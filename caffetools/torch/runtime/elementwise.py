"""Eltwise, Scale and Bias."""

import torch
from torch import Tensor, nn

from caffetools.torch.runtime.base import SizedModule


def elementwise_max(first: Tensor, *others: Tensor) -> Tensor:
    """Return the elementwise maximum of tensors of one shape.

    If inputs are equal, one of them receives the gradient: the second rather than the first, and
    both rather than later ones (eltwise_layer.cpp). `torch.maximum` distributes it evenly.
    """
    largest = torch.where(first > others[0], first, others[0])
    for other in others[1:]:
        largest = torch.where(other > largest, other, largest)
    return largest


def nan_at_zero(factor: Tensor) -> Tensor:
    """Return a factor of a product, with a gradient of NaN where it is 0.

    Caffe divides the product by it (eltwise_layer.cpp, `stable_prod_grad: false`).
    """
    return torch.where(factor == 0, factor.abs().sqrt(), factor)


def aligned(values: Tensor, axis: int, x: Tensor) -> Tensor:
    """Append axes of 1 to `values`, so that their first axis broadcasts along `axis` of `x`."""
    return values.reshape(values.shape + (1,) * (x.dim() - axis - values.dim()))


def multiply_along(x: Tensor, factor: Tensor, axis: int = 1) -> Tensor:
    """Return `x * factor` with the first axis of `factor` at `axis` (scale_layer.cpp)."""
    return x * aligned(factor, axis, x)


def add_along(x: Tensor, summand: Tensor, axis: int = 1) -> Tensor:
    """Return `x + summand` with the first axis of `summand` at `axis` (bias_layer.cpp)."""
    return x + aligned(summand, axis, x)


class Scale(SizedModule):
    """Multiply by a learned weight and optionally add a learned bias (scale_layer.cpp).

    Both have `shape`, the extents of the input from `axis` on; () for a scalar.
    """

    def __init__(
        self, shape: tuple[int, ...], axis: int = 1, *, bias: bool = False
    ) -> None:
        super().__init__()
        self.axis = axis
        self.weight = nn.Parameter(torch.ones(shape))
        self.bias = nn.Parameter(torch.zeros(shape)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Return `x * weight + bias`."""
        weight = aligned(self.weight, self.axis, x)
        if self.bias is None:
            return x * weight
        return torch.addcmul(aligned(self.bias, self.axis, x), x, weight)


class Bias(SizedModule):
    """Add a learned bias of `shape`, the extents from `axis` on (bias_layer.cpp)."""

    def __init__(self, shape: tuple[int, ...], axis: int = 1) -> None:
        super().__init__()
        self.axis = axis
        self.bias = nn.Parameter(torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        """Return `x + bias`."""
        return x + aligned(self.bias, self.axis, x)
