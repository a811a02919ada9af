"""Darknet's reorg."""

from torch import Tensor


def reorg(x: Tensor, stride: int, *, reverse: bool = False) -> Tensor:
    """Move blocks of `stride` x `stride` positions to channels, or back with `reverse`.

    `(N, C, H, W) -> (N, C * stride^2, H / stride, W / stride)`. Unlike `F.pixel_unshuffle`, Darknet
    reads the input as if it had the shape of the inverse's output (reorg_layer.cpp, intel/caffe).
    """
    items, channels, height, width = x.shape
    outer = channels // stride**2
    if reverse:
        blocks = x.reshape(items, stride, stride, outer, height, width)
        blocks = blocks.permute(0, 3, 4, 1, 5, 2)
        return blocks.reshape(items, outer, height * stride, width * stride)
    blocks = x.reshape(items, outer, height, stride, width, stride)
    blocks = blocks.permute(0, 3, 5, 1, 2, 4)
    return blocks.reshape(items, -1, height // stride, width // stride)
