"""The Python layers of Caffe's own examples."""

from __future__ import annotations

from caffetools.layers.python.bvlc import EuclideanLossLayer
from caffetools.torch.emit.base import Bottom, Context, Emitters, Expression, X, call, method


def euclidean_loss(_: EuclideanLossLayer, __: Context) -> Expression:
    """The helper `euclidean_loss`, with an axis of 1."""
    return method(call("euclidean_loss", X, Bottom(1)), "reshape", 1)


EMITTERS: Emitters = {EuclideanLossLayer: euclidean_loss}
