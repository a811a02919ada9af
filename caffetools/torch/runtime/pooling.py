"""Pooling with Caffe's windows, for cases that `nn.MaxPool2d` and `nn.AvgPool2d` do not cover.

Caffe keeps a last window that starts beyond the input unless there is padding, and allows any
padding smaller than the kernel. PyTorch with `ceil_mode=True` always drops such a window, and
limits the padding to half the kernel (pooling_layer.cpp).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.torch.runtime.base import Pair, window_area


def pool_windows(
    x: Tensor, kernel_size: Pair, stride: Pair, padding: Pair, *, ceil_mode: bool
) -> tuple[Pair, tuple[int, int, int, int]]:
    """Return the output size, and the `F.pad` argument with which exactly these windows fit."""
    counts, after = [], []
    for axis in (0, 1):
        kernel, step, pad = kernel_size[axis], stride[axis], padding[axis]
        extent = x.size(axis + 2)
        free = extent + 2 * pad - kernel
        count = (-(-free // step) if ceil_mode else free // step) + 1
        # Padding along either axis drops the last window along both.
        if any(padding) and (count - 1) * step >= extent + pad:
            count -= 1
        counts.append(count)
        after.append((count - 1) * step + kernel - extent - pad)
    return (counts[0], counts[1]), (padding[1], after[1], padding[0], after[0])


def caffe_max_pool2d(
    x: Tensor,
    kernel_size: Pair,
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    *,
    ceil_mode: bool = True,
) -> Tensor:
    """Compute `F.max_pool2d` over Caffe's windows, `(N, C, H, W) -> (N, C, H', W')`.

    A window without input yields the lowest number of the dtype, -3.4028235e38 for float32.
    """
    _, around = pool_windows(x, kernel_size, stride, padding, ceil_mode=ceil_mode)
    padded = F.pad(x, around, value=torch.finfo(x.dtype).min)
    return F.max_pool2d(padded, kernel_size, stride)


def caffe_max_pool2d_with_mask(
    x: Tensor,
    kernel_size: Pair,
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    *,
    ceil_mode: bool = True,
) -> tuple[Tensor, Tensor]:
    """Return the maxima and their positions h * W + w in the dtype of `x`, both `(N, C, H', W')`.

    The mask is the second top of Caffe's MAX pooling; -1 for a window without input.
    """
    height, width = x.size(2), x.size(3)
    _, around = pool_windows(x, kernel_size, stride, padding, ceil_mode=ceil_mode)
    padded = F.pad(x, around, value=torch.finfo(x.dtype).min)
    maxima, indices = F.max_pool2d(padded, kernel_size, stride, return_indices=True)
    if not any(around):
        return maxima, indices.to(x.dtype)
    # Not // and %: their ONNX, for any signs, is long and beyond OpenCV.
    row = indices.div(padded.size(3), rounding_mode="trunc")
    column = indices - row * padded.size(3) - padding[1]
    row = row - padding[0]
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    return maxima, torch.where(inside, row * width + column, -1).to(x.dtype)


def caffe_avg_pool2d(
    x: Tensor,
    kernel_size: Pair,
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    *,
    ceil_mode: bool = True,
) -> Tensor:
    """Compute `F.avg_pool2d` over Caffe's windows, `(N, C, H, W) -> (N, C, H', W')`.

    The divisor includes the padding, but not positions beyond it. A window that starts just
    behind the input yields 0 / 0, NaN.
    """
    counts, around = pool_windows(x, kernel_size, stride, padding, ceil_mode=ceil_mode)
    start = (-padding[0], -padding[1])
    stop = (x.size(2) + padding[0], x.size(3) + padding[1])
    area = window_area(x, counts, kernel_size, stride, start, stop)
    means = F.avg_pool2d(F.pad(x, around), kernel_size, stride)
    return means * (kernel_size[0] * kernel_size[1] / area)


def stochastic_pool2d(
    x: Tensor, kernel_size: Pair, stride: Pair = (1, 1), *, training: bool = False
) -> Tensor:
    """Sample one value of each window with probability proportional to the value, at least 0.

    Without `training` return the expectation, sum(x^2) / sum(x), or 0 if the sum is 0
    (pooling_layer.cu; Zeiler and Fergus, 2013).
    """
    counts, around = pool_windows(x, kernel_size, stride, (0, 0), ceil_mode=True)
    windows = F.unfold(F.pad(x, around), kernel_size, stride=stride)
    windows = windows.reshape(x.size(0), x.size(1), -1, *counts)
    if training:
        upto = windows.detach().cumsum(2)
        drawn = torch.rand_like(upto[:, :, :1]) * upto[:, :, -1:]
        return windows.gather(2, (upto < drawn).sum(2, keepdim=True)).squeeze(2)
    total = windows.sum(2)
    means = windows.square().sum(2) / torch.where(total > 0, total, 1)
    return torch.where(total > 0, means, 0)


def spatial_pyramid_pool(x: Tensor, pyramid_height: int, method: str = "MAX") -> Tensor:
    """Pool into 1, 2, 4, ... windows along each axis and concatenate the levels.

    `(N, C, H, W) -> (N, C * (1 + 4 + 16 + ...))`, or `(N, C, 1, 1)` for one level. `method` is MAX
    or AVE (spp_layer.cpp). If the windows do not fit, Caffe pads both sides, and a level can have
    fewer windows.
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
