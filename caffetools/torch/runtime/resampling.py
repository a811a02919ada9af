"""The way back of a pooling, and images folded into channels."""

import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.torch.runtime.base import with_gradient_of


def unpool(x: Tensor, mask: Tensor, size: tuple[int, int]) -> Tensor:
    """Put each value where its mask says, h * W + w in the result, and 0 elsewhere.

    N x C x H x W and a mask of that shape -> N x C x size (upsample_layer.cpp of
    alexgkendall/caffe-segnet).
    """
    flat = x.new_zeros(x.size(0), x.size(1), size[0] * size[1])
    flat = flat.scatter(2, mask.flatten(2).long(), x.flatten(2))
    return flat.reshape(x.size(0), x.size(1), *size)


def unpool_to_corners(
    x: Tensor, stride: tuple[int, int], size: tuple[int, int]
) -> Tensor:
    """Put each value at the first place of its window: MAX unpooling without a mask.

    This and the others are those of unpooling_layer.cpp in HyeonwooNoh/caffe.
    """
    rows = (torch.arange(x.size(2), device=x.device) * stride[0]).clamp(max=size[0] - 1)
    columns = (torch.arange(x.size(3), device=x.device) * stride[1]).clamp(
        max=size[1] - 1
    )
    return unpool(x, (rows.unsqueeze(1) * size[1] + columns).expand_as(x), size)


def spread(
    x: Tensor,
    kernel_size: tuple[int, int],
    stride: tuple[int, int],
    size: tuple[int, int],
) -> Tensor:
    """Add each value to all of its window in the result, N x C x size."""
    ones = x.new_ones(1, 1, *kernel_size)
    planes = F.conv_transpose2d(x.flatten(0, 1).unsqueeze(1), ones, stride=stride)
    planes = F.pad(planes, (0, size[1] - planes.size(3), 0, size[0] - planes.size(2)))
    return planes.reshape(x.size(0), x.size(1), *size)


def window_area(
    x: Tensor,
    kernel_size: tuple[int, int],
    stride: tuple[int, int],
    size: tuple[int, int],
) -> Tensor:
    """How many places of the result lie in the window of each value, H x W."""
    extents = []
    for axis in (0, 1):
        start = torch.arange(x.size(axis + 2), device=x.device) * stride[axis]
        extents.append((start + kernel_size[axis]).clamp(max=size[axis]) - start)
    return (extents[0].unsqueeze(1) * extents[1]).to(x.dtype)


def unpool_average(
    x: Tensor,
    kernel_size: tuple[int, int],
    stride: tuple[int, int],
    size: tuple[int, int],
) -> Tensor:
    """Share each value out over its window: AVE unpooling."""
    return spread(
        x / window_area(x, kernel_size, stride, size), kernel_size, stride, size
    )


def unpool_tile(
    x: Tensor,
    kernel_size: tuple[int, int],
    stride: tuple[int, int],
    size: tuple[int, int],
) -> Tensor:
    """Add each value to all of its window: TILE unpooling, whose gradient is the window's mean."""
    tiled = spread(x, kernel_size, stride, size)
    return with_gradient_of(tiled, unpool_average(x, kernel_size, stride, size))
