"""Convolutions over any number of axes, and the windows that they are made of.

`nn.Conv1d` to `nn.Conv3d` and their transposes cover one to three axes; these are for the rest.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def im2col(
    x: Tensor,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> Tensor:
    """Lay out the windows as channels: N x C x spatial -> N x (C * kernel) x positions.

    The kernel's last axis runs fastest, as in Caffe's Im2col (im2col.cpp).
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
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    groups: int = 1,
) -> Tensor:
    """Convolve N x C x spatial with out x C / groups x kernel over any number of axes."""
    columns = im2col(x, tuple(weight.shape[2:]), stride, padding, dilation)
    positions = columns.shape[2:]
    columns = columns.reshape(x.size(0), groups, -1, math.prod(positions))
    kernels = weight.reshape(groups, weight.size(0) // groups, -1)
    return (kernels @ columns).reshape(x.size(0), weight.size(0), *positions)


def conv_transpose_nd(
    x: Tensor,
    weight: Tensor,
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    groups: int = 1,
) -> Tensor:
    """Apply the transpose of `conv_nd` with weight in x out / groups x kernel."""
    axes = range(2, x.dim())
    # Zeros between the elements, then a convolution with the kernel turned round.
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


class ConvNd(nn.Module):
    """`nn.Conv2d` for any number of axes, all arguments as tuples."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: tuple[int, ...],
        dilation: tuple[int, ...],
        *,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
        self.weight = nn.Parameter(
            torch.zeros(out_channels, in_channels // groups, *kernel_size)
        )
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Convolve."""
        y = conv_nd(
            x, self.weight, self.stride, self.padding, self.dilation, self.groups
        )
        return (
            y
            if self.bias is None
            else y + self.bias.reshape((-1,) + (1,) * len(self.stride))
        )


class ConvTransposeNd(nn.Module):
    """`nn.ConvTranspose2d` for any number of axes, all arguments as tuples."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: tuple[int, ...],
        dilation: tuple[int, ...],
        *,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
        self.weight = nn.Parameter(
            torch.zeros(in_channels, out_channels // groups, *kernel_size)
        )
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Convolve with the transpose."""
        y = conv_transpose_nd(
            x, self.weight, self.stride, self.padding, self.dilation, self.groups
        )
        return (
            y
            if self.bias is None
            else y + self.bias.reshape((-1,) + (1,) * len(self.stride))
        )
