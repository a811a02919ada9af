"""Building blocks of other helpers."""

import os

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import register_parametrization

Pair = tuple[int, int]
"""Sizes along height and width."""

Sizes = tuple[int, ...]
"""Sizes along each spatial axis."""


def window_area(
    x: Tensor, counts: Pair, kernel_size: Pair, stride: Pair, start: Pair, stop: Pair
) -> Tensor:
    """Return the area of windows from `start`, clipped at `stop`, `counts` in the dtype of `x`."""
    sides = []
    for axis in (0, 1):
        first = torch.arange(counts[axis], device=x.device) * stride[axis] + start[axis]
        sides.append((first + kernel_size[axis]).clamp(max=stop[axis]) - first)
    return (sides[0].unsqueeze(1) * sides[1]).to(x.dtype)


def with_gradient_of(value: Tensor, surrogate: Tensor) -> Tensor:
    """Return `value` with the gradient of `surrogate`, as Caffe's is not always its own."""
    if not torch.is_grad_enabled():
        return value
    return value.detach() + (surrogate - surrogate.detach())


# Each module has operators of its own: registering a name again would replace another's.
@torch.library.custom_op(
    f"caffetools::fixed_gradient_{os.urandom(8).hex()}", mutates_args=()
)
def fixed_gradient(x: Tensor, _gradient: Tensor) -> Tensor:
    """Return 0, with a gradient of `x` that no loss weight scales."""
    return x.new_zeros(())


fixed_gradient.register_fake(lambda x, _: x.new_empty(()))
fixed_gradient.register_autograd(
    lambda ctx, _: (ctx.saved_tensors[0], None),
    # The names are PyTorch's: it passes keywords.
    setup_context=lambda ctx, inputs, output: ctx.save_for_backward(inputs[1]),  # noqa: ARG005
)


class SizedModule(nn.Module):
    """A module whose `repr` has its numbers and the shapes of its tensors."""

    def extra_repr(self) -> str:
        """Return them as arguments."""
        own = {**self._parameters, **self._buffers, **vars(self)}.items()
        sizes = ((n, [*v.shape] if isinstance(v, Tensor) else v) for n, v in own)
        kinds = (int, float, str, tuple, list)
        return ", ".join(
            f"{n}={v}" for n, v in sizes if n[0] != "_" and type(v) in kinds
        )


class Reshaped(SizedModule):
    """A tensor in another shape."""

    def __init__(self, shape: torch.Size) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        """Return the same elements in the shape."""
        return x.reshape(self.shape)


def share_reshaped(module: nn.Module, name: str, source: Tensor) -> None:
    """Let a module use a parameter of another that has another shape and as many elements."""
    shape = getattr(module, name).shape
    parametrized = register_parametrization(module, name, Reshaped(shape))
    setattr(parametrized.get_submodule(f"parametrizations.{name}"), "original", source)  # noqa: B010
