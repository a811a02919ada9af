"""Unpooling (unpooling_layer.cpp, HyeonwooNoh/caffe; upsample_layer.cpp, caffe-segnet)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.torch.runtime.base import Pair, window_area, with_gradient_of


def unpool(x: Tensor, mask: Tensor, size: Pair) -> Tensor:
    """Compute `F.max_unpool2d` with positions h * W + w in the output, of any dtype.

    `(N, C, H, W)` and a mask of that shape give `(N, C, *size)`.
    """
    flat = x.new_zeros(x.size(0), x.size(1), size[0] * size[1])
    flat = flat.scatter(2, mask.flatten(2).long(), x.flatten(2))
    return flat.reshape(x.size(0), x.size(1), *size)


def unpool_to_corners(
    x: Tensor, stride: Pair, size: Pair, offset: Pair = (0, 0)
) -> Tensor:
    """Place each value at the first position of its window: MAX unpooling without a mask.

    With an offset from there, this is FIXED unpooling (weiliu89/caffe).
    """
    rows = torch.arange(x.size(2), device=x.device) * stride[0] + offset[0]
    columns = torch.arange(x.size(3), device=x.device) * stride[1] + offset[1]
    rows, columns = rows.clamp(0, size[0] - 1), columns.clamp(0, size[1] - 1)
    return unpool(x, (rows.unsqueeze(1) * size[1] + columns).expand_as(x), size)


def spread(x: Tensor, kernel_size: Pair, stride: Pair, size: Pair) -> Tensor:
    """Add each value to all positions of its window in the output, `(N, C, *size)`."""
    ones = x.new_ones(1, 1, *kernel_size)
    planes = F.conv_transpose2d(x.flatten(0, 1).unsqueeze(1), ones, stride=stride)
    planes = F.pad(planes, (0, size[1] - planes.size(3), 0, size[0] - planes.size(2)))
    return planes.reshape(x.size(0), x.size(1), *size)


def unpool_average(x: Tensor, kernel_size: Pair, stride: Pair, size: Pair) -> Tensor:
    """Distribute each value evenly over its window: AVE unpooling."""
    counts = (x.size(2), x.size(3))
    area = window_area(x, counts, kernel_size, stride, (0, 0), size)
    return spread(x / area, kernel_size, stride, size)


def unpool_tile(x: Tensor, kernel_size: Pair, stride: Pair, size: Pair) -> Tensor:
    """Add each value to all of its window: TILE unpooling, whose gradient is that of AVE."""
    tiled = spread(x, kernel_size, stride, size)
    return with_gradient_of(tiled, unpool_average(x, kernel_size, stride, size))


def unpool_mean(
    x: Tensor,
    kernel_size: Pair,
    stride: Pair,
    padding: Pair = (0, 0),
    *,
    divide: bool = False,
) -> Tensor:
    """Place each value in all of its window, and the mean where windows overlap: REP unpooling.

    With `divide` a window has shares of its value: DIV unpooling (unpooling_layer.cpp,
    weiliu89/caffe).
    """
    ones = x.new_ones(1, 1, *kernel_size)
    maps = x.flatten(0, 1).unsqueeze(1)
    planes, counts = (
        F.conv_transpose2d(each, ones, stride=stride, padding=padding)
        for each in (maps, torch.ones_like(maps[:1]))
    )
    mean = planes / counts.clamp(min=1)
    share = mean / (kernel_size[0] * kernel_size[1]) if divide else mean
    return share.reshape(x.size(0), x.size(1), *share.shape[2:])


def unpool_groups(x: Tensor, groups: Tensor) -> Tensor:
    """Replace each value by the mean of its group of positions in the plane: GROUP unpooling.

    `groups` `(N, G, H, W)` holds the numbers of the groups; the means of its channels are averaged
    (unpooling_layer.cpp, weiliu89/caffe).
    """
    names, number = torch.unique(groups.long().flatten(2), return_inverse=True)
    values = x.flatten(2).unsqueeze(1).expand(-1, groups.size(1), -1, -1)
    number = number.unsqueeze(2).expand(values.shape)
    sums, counts = (
        x.new_zeros(*values.shape[:3], names.numel()).scatter_add(3, number, each)
        for each in (values, torch.ones_like(values))
    )
    return (sums / counts.clamp(min=1)).gather(3, number).mean(1).reshape(x.shape)
