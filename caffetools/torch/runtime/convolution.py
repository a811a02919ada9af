"""Im2col, and convolutions over more than three spatial axes.

For one to three axes `nn.Conv1d` to `nn.Conv3d` and their transposes are used.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from caffetools.torch.runtime.base import SizedModule, Sizes


def im2col(
    x: Tensor, kernel_size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Tensor:
    """Compute `F.unfold` for any number of axes: `(N, C, *in) -> (N, C * kernel, *out)`.

    The last axis of the kernel runs fastest in the channels (im2col.cpp).
    """
    axes = len(kernel_size)
    windows = F.pad(x, tuple(pad for pad in reversed(padding) for _ in range(2)))
    for axis, (kernel, step, gap) in enumerate(
        zip(kernel_size, stride, dilation, strict=True)
    ):
        windows = windows.unfold(axis + 2, gap * (kernel - 1) + 1, step)[..., ::gap]
    positions = windows.shape[2 : 2 + axes]
    windows = windows.permute(0, 1, *range(2 + axes, 2 + 2 * axes), *range(2, 2 + axes))
    return windows.reshape(x.size(0), x.size(1) * math.prod(kernel_size), *positions)


def conv_nd(
    x: Tensor,
    weight: Tensor,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int = 1,
) -> Tensor:
    """Compute `F.conv2d` for any number of axes, with weight `(out, in / groups, *kernel)`."""
    columns = im2col(x, tuple(weight.shape[2:]), stride, padding, dilation)
    positions = columns.shape[2:]
    columns = columns.reshape(x.size(0), groups, -1, math.prod(positions))
    kernels = weight.reshape(groups, weight.size(0) // groups, -1)
    return (kernels @ columns).reshape(x.size(0), weight.size(0), *positions)


def conv_transpose_nd(
    x: Tensor,
    weight: Tensor,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int = 1,
) -> Tensor:
    """Compute `F.conv_transpose2d` for any number of axes, weight `(in, out / groups, *kernel)`."""
    axes = range(2, x.dim())
    # Insert zeros between the elements, then convolve with the flipped kernel.
    spread = x
    for axis, step in zip(axes, stride, strict=True):
        zeros = spread.new_zeros(spread.shape).unsqueeze(axis + 1)
        zeros = zeros.repeat_interleave(step - 1, axis + 1)
        spread = torch.cat([spread.unsqueeze(axis + 1), zeros], axis + 1).flatten(
            axis, axis + 1
        )
        spread = spread.narrow(axis, 0, spread.size(axis) - step + 1)
    around = [
        gap * (kernel - 1) - pad
        for kernel, pad, gap in zip(weight.shape[2:], padding, dilation, strict=True)
    ]
    spread = F.pad(spread, tuple(pad for pad in reversed(around) for _ in range(2)))
    kernels = weight.flip(tuple(axes)).reshape(groups, -1, *weight.shape[1:])
    kernels = kernels.transpose(1, 2).flatten(0, 1)
    once, none = (1,) * len(around), (0,) * len(around)
    return conv_nd(spread, kernels, once, none, dilation, groups)


class ConvNd(SizedModule):
    """`nn.Conv2d` for any number of axes, with tuples for all arguments."""

    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes,
        padding: Sizes,
        dilation: Sizes,
        *,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
        channels = (out_channels, in_channels // groups)
        if self.transposed:
            channels = (in_channels, out_channels // groups)
        self.weight = nn.Parameter(torch.zeros(*channels, *kernel_size))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution plus the bias."""
        function = conv_transpose_nd if self.transposed else conv_nd
        y = function(
            x, self.weight, self.stride, self.padding, self.dilation, self.groups
        )
        if self.bias is None:
            return y
        return y + self.bias.reshape(-1, *(1 for _ in self.stride))


class ConvTransposeNd(ConvNd):
    """`nn.ConvTranspose2d` for any number of axes, with tuples for all arguments."""

    transposed = True
