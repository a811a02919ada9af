"""Darknet's order of elements."""

from torch import Tensor


def reorg(x: Tensor, stride: int, *, reverse: bool = False) -> Tensor:
    """Fold squares of `stride` x `stride` into channels as Darknet does, or the other way round.

    N x C x H x W -> N x (C * stride^2) x (H / stride) x (W / stride), all divisible. Darknet reads
    the input as if it had the shape of its own inverse, so that this is no plain space to depth
    (reorg_layer.cpp of intel/caffe).
    """
    items, channels, height, width = x.shape
    outer = channels // stride**2
    if reverse:
        blocks = x.reshape(items, stride, stride, outer, height, width)
        blocks = blocks.permute(0, 3, 4, 1, 5, 2)
        return blocks.reshape(items, outer, height * stride, width * stride)
    blocks = x.reshape(items, outer, height, stride, width, stride).permute(
        0, 3, 5, 1, 2, 4
    )
    return blocks.reshape(
        items, channels * stride**2, height // stride, width // stride
    )
