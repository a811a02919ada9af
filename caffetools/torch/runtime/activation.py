"""Activations whose gradient in Caffe is not the derivative."""

import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.torch.runtime.base import with_gradient_of


def relu_by_later_signs(
    x: Tensor, later: Tensor, negative_slope: float = 0.0
) -> Tensor:
    """Compute a ReLU, whose gradient goes by the signs of `later` instead of those of `x`.

    So it does in place where layers behind it, in place too, have written `later` over its result
    when the gradient comes back (relu_layer.cpp).
    """
    slope = torch.where(later.detach() > 0, 1.0, negative_slope).to(x.dtype)
    return with_gradient_of(F.leaky_relu(x, negative_slope), x * slope)
