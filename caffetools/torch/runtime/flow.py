"""Layers of optical flow nets."""

import torch
import torch.nn.functional as F
from torch import Tensor


def correlation(
    a: Tensor,
    b: Tensor,
    kernel_size: int,
    max_displacement: int,
    *,
    pad: int = 0,
    stride_1: int = 1,
    stride_2: int = 1,
    correlation_type: str = "MULTIPLY",
) -> Tensor:
    """Compare patches of `a` with displaced patches of `b`, `(N, C, H, W) -> (N, D^2, H', W')`.

    Channels are displacements, row by row; a value is the mean over channels and patch of the
    products, or of the absolute differences for SUBTRACT (correlation_layer.cu,
    lmb-freiburg/flownet2, whose gradients for SUBTRACT are displaced; these are the true ones).
    """
    a, b = F.pad(a, (pad,) * 4), F.pad(b, (pad,) * 4)
    height, width = (extent - 2 * max_displacement for extent in a.shape[2:])
    start, reach = max_displacement, max_displacement // stride_2 * stride_2
    a = a[:, :, start : start + height, start : start + width]
    steps = range(start - reach, start + reach + 1, stride_2)
    maps = []
    for top in steps:
        for left in steps:
            moved = b[:, :, top : top + height, left : left + width]
            same = a * moved if correlation_type == "MULTIPLY" else (a - moved).abs()
            maps.append(same.mean(1))
    return F.avg_pool2d(torch.stack(maps, 1), kernel_size, stride_1)


def flow_warp(image: Tensor, flow: Tensor, fill_value: str = "ZERO") -> Tensor:
    """Read an image `(N, C, H, W)` where a flow `(N, 2, H, W)` of pixels (x, y) points to.

    Values are interpolated bilinearly, and are 0 or NaN (NOT_A_NUMBER) beyond the image
    (flow_warp_layer.cpp, lmb-freiburg/flownet2).
    """
    channels, height, width = image.shape[1:]
    x = flow[:, 0] + torch.arange(width, device=flow.device)
    y = flow[:, 1] + torch.arange(height, device=flow.device).unsqueeze(1)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    x, y = torch.where(inside, x, 0), torch.where(inside, y, 0)
    left, top = x.detach().floor(), y.detach().floor()
    right, bottom = (left + 1).clamp(max=width - 1), (top + 1).clamp(max=height - 1)
    alpha, beta = (x - left).unsqueeze(1), (y - top).unsqueeze(1)

    def at(row: Tensor, column: Tensor) -> Tensor:
        """Return the image at whole rows and columns, `(N, C, H, W)`."""
        index = (row * width + column).long().flatten(1).unsqueeze(1)
        return (
            image.flatten(2)
            .gather(2, index.expand(-1, channels, -1))
            .reshape(image.shape)
        )

    upper = (1 - alpha) * at(top, left) + alpha * at(top, right)
    lower = (1 - alpha) * at(bottom, left) + alpha * at(bottom, right)
    outside = 0.0 if fill_value == "ZERO" else torch.nan
    return torch.where(inside.unsqueeze(1), (1 - beta) * upper + beta * lower, outside)
