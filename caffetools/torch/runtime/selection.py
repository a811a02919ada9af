"""Items chosen by the data itself."""

import torch
from torch import Tensor


def filter_items(selector: Tensor, *blobs: Tensor) -> tuple[Tensor, ...]:
    """Return the items of each blob whose selector is not 0: Caffe's Filter.

    How many there are is known only from the data. On the meta device, which has none, all: so
    many has Caffe before the first pass (filter_layer.cpp).
    """
    if selector.is_meta:
        return blobs
    chosen = selector.flatten() != 0
    return tuple(blob[chosen] for blob in blobs)


def caffe_argmax(
    x: Tensor, axis: int | None = None, top_k: int = 1, *, out_max_val: bool = False
) -> Tensor:
    """Return the indices of the `top_k` largest values, as numbers of the type of `x`.

    Along `axis`, whose extent becomes `top_k`; with `out_max_val` the values instead. Without an
    axis over each item: N x 1 x top_k, or N x 2 x top_k with the values after the indices, and as
    many axes as `x` has. Of equal values the one of the larger index comes first
    (argmax_layer.cpp).
    """
    along = x.flatten(1) if axis is None else x
    dim = 1 if axis is None else axis
    values, backward = along.flip(dim).sort(dim=dim, descending=True, stable=True)
    values = values.narrow(dim, 0, top_k)
    indices = (along.size(dim) - 1 - backward.narrow(dim, 0, top_k)).to(x.dtype)
    if axis is not None:
        return values if out_max_val else indices
    result = torch.stack([indices, values] if out_max_val else [indices], dim=1)
    return result.reshape(result.shape + (1,) * (x.dim() - 3))
