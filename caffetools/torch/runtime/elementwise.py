"""Element by element operations whose ties Caffe breaks in its own way."""

import torch
from torch import Tensor


def elementwise_max(first: Tensor, *others: Tensor) -> Tensor:
    """Take the largest of several tensors: Eltwise MAX with Caffe's gradient.

    The gradient goes to one of those that tie: the second of the first two, before all later ones
    (eltwise_layer.cpp). `torch.maximum` shares it out.
    """
    largest = torch.where(first > others[0], first, others[0])
    for other in others[1:]:
        largest = torch.where(other > largest, other, largest)
    return largest
