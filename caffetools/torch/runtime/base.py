"""What other helpers are built on: replaced gradients and names of custom operators."""

import torch
from torch import Tensor


def with_gradient_of(value: Tensor, surrogate: Tensor) -> Tensor:
    """Return `value` unchanged, with the gradient of `surrogate`."""
    return value.detach() + (surrogate - surrogate.detach())


def operator_name(name: str) -> str:
    """Return a name under which no model of this process has an operator yet.

    PyTorch takes a second operator of the same name for a new definition, and whoever holds the
    first can call it no more: two exported models would break each other.
    """
    number = 1
    while hasattr(torch.ops.caffetools, f"{name}_{number}"):
        number += 1
    return f"caffetools::{name}_{number}"
