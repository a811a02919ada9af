"""Caffe's pooling where `nn.MaxPool2d` and `nn.AvgPool2d` have other windows.

Caffe keeps a last window that begins beyond the input, unless there is padding, and takes any
padding that is smaller than the kernel. PyTorch with `ceil_mode=True` always drops such a window,
and takes no padding beyond half of the kernel (pooling_layer.cpp).
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def pooled_size(
    size: tuple[int, int],
    kernel_size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    *,
    ceil_mode: bool,
) -> tuple[int, int]:
    """How many windows Caffe lays along the height and the width."""
    counts = []
    for extent, kernel, step, pad in zip(
        size, kernel_size, stride, padding, strict=True
    ):
        free = extent + 2 * pad - kernel
        count = (-(-free // step) if ceil_mode else free // step) + 1
        # A pad along either axis clips both.
        if any(padding) and (count - 1) * step >= extent + pad:
            count -= 1
        counts.append(count)
    return counts[0], counts[1]


def window_padding(
    size: tuple[int, int],
    counts: tuple[int, int],
    kernel_size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
) -> tuple[int, int, int, int]:
    """What `F.pad` must add (or cut) left, right, above and below for the windows just to fit."""
    after = [
        (count - 1) * step + kernel - extent - pad
        for extent, count, kernel, step, pad in zip(
            size, counts, kernel_size, stride, padding, strict=True
        )
    ]
    return padding[1], after[1], padding[0], after[0]


def caffe_max_pool2d(
    x: Tensor,
    kernel_size: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    *,
    ceil_mode: bool = True,
) -> Tensor:
    """Take the maximum of each of Caffe's windows: N x C x H x W -> N x C x H' x W'.

    A window that holds no input is the lowest number of the type, -3.4028235e38 for float32.
    """
    size = (x.size(2), x.size(3))
    counts = pooled_size(size, kernel_size, stride, padding, ceil_mode=ceil_mode)
    around = window_padding(size, counts, kernel_size, stride, padding)
    return F.max_pool2d(
        F.pad(x, around, value=torch.finfo(x.dtype).min), kernel_size, stride
    )


def caffe_max_pool2d_with_mask(
    x: Tensor,
    kernel_size: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    *,
    ceil_mode: bool = True,
) -> tuple[Tensor, Tensor]:
    """Return the maxima and where they stand, h * W + w as a number of the type of `x`.

    The mask is Caffe's second top of a MAX pooling; -1 for a window that holds no input.
    """
    height, width = x.size(2), x.size(3)
    counts = pooled_size(
        (height, width), kernel_size, stride, padding, ceil_mode=ceil_mode
    )
    around = window_padding((height, width), counts, kernel_size, stride, padding)
    padded = F.pad(x, around, value=torch.finfo(x.dtype).min)
    maxima, indices = F.max_pool2d(padded, kernel_size, stride, return_indices=True)
    row = indices // padded.size(3) - padding[0]
    column = indices % padded.size(3) - padding[1]
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    return maxima, torch.where(inside, row * width + column, -1).to(x.dtype)


def caffe_avg_pool2d(
    x: Tensor,
    kernel_size: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    *,
    ceil_mode: bool = True,
) -> Tensor:
    """Take the mean of each of Caffe's windows: N x C x H x W -> N x C x H' x W'.

    The padding counts as zeros, what lies beyond it does not count. A window that begins just
    where the input ends is 0 / 0, NaN.
    """
    size = (x.size(2), x.size(3))
    counts = pooled_size(size, kernel_size, stride, padding, ceil_mode=ceil_mode)
    around = window_padding(size, counts, kernel_size, stride, padding)
    extents = []
    for extent, count, kernel, step, pad in zip(
        size, counts, kernel_size, stride, padding, strict=True
    ):
        start = torch.arange(count, device=x.device) * step - pad
        extents.append((start + kernel).clamp(max=extent + pad) - start)
    area = (extents[0].unsqueeze(1) * extents[1]).to(x.dtype)
    means = F.avg_pool2d(F.pad(x, around), kernel_size, stride)
    return means * (kernel_size[0] * kernel_size[1] / area)


def stochastic_pool2d(
    x: Tensor,
    kernel_size: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    *,
    training: bool = False,
) -> Tensor:
    """Take one value of each window, drawn in proportion to the values, which are not negative.

    Without `training` the mean under these chances: the sum of squares over the sum, 0 for a sum
    of 0 (pooling_layer.cu; Zeiler and Fergus, 2013).
    """
    size, padding = (x.size(2), x.size(3)), (0, 0)
    counts = pooled_size(size, kernel_size, stride, padding, ceil_mode=True)
    padded = F.pad(x, window_padding(size, counts, kernel_size, stride, padding))
    windows = F.unfold(padded, kernel_size, stride=stride)
    windows = windows.reshape(x.size(0), x.size(1), -1, *counts)
    if training:
        upto = windows.detach().cumsum(2)
        drawn = torch.rand_like(upto[:, :, :1]) * upto[:, :, -1:]
        return windows.gather(2, (upto < drawn).sum(2, keepdim=True)).squeeze(2)
    total = windows.sum(2)
    means = windows.square().sum(2) / torch.where(total > 0, total, 1)
    return torch.where(total > 0, means, 0)


def spatial_pyramid_pool(x: Tensor, pyramid_height: int, method: str = "MAX") -> Tensor:
    """Pool into 1, 2, 4, ... windows along each axis and join the levels.

    N x C x H x W -> N x (C * (1 + 4 + 16 + ...)), or N x C x 1 x 1 for a pyramid of one level.
    `method` is MAX or AVE (spp_layer.cpp). Where the windows do not fit Caffe pads on both sides,
    so that a level may have fewer of them.
    """
    pool = caffe_max_pool2d if method == "MAX" else caffe_avg_pool2d
    levels = []
    for level in range(pyramid_height):
        bins = 2**level
        kernel = (-(-x.size(2) // bins), -(-x.size(3) // bins))
        padding = (
            (kernel[0] * bins - x.size(2) + 1) // 2,
            (kernel[1] * bins - x.size(3) + 1) // 2,
        )
        levels.append(pool(x, kernel, kernel, padding))
    if pyramid_height == 1:
        return levels[0]
    return torch.cat([level.flatten(1) for level in levels], dim=1)
