"""Activations whose gradient in Caffe is not the derivative."""

import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.torch.runtime.base import with_gradient_of


def relu_by_later_signs(
    x: Tensor, later: Tensor, negative_slope: float = 0.0
) -> Tensor:
    """Compute `F.leaky_relu`, but choose the slope of the gradient by the signs of `later`.

    Caffe does so for a ReLU in place whose result `later`, the output of a following layer in
    place, has overwritten by the time of the backward pass (relu_layer.cpp).
    """
    slope = torch.where(later.detach() > 0, 1.0, negative_slope).to(x.dtype)
    return with_gradient_of(F.leaky_relu(x, negative_slope), x * slope)
