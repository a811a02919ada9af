"""Filter and ArgMax."""

import torch
from torch import Tensor


def filter_items(selector: Tensor, *blobs: Tensor) -> tuple[Tensor, ...]:
    """Return the items of each blob whose selector is not 0 (filter_layer.cpp).

    Their number depends on the data. On the meta device all are returned, as Caffe's shapes are
    before the first forward pass.
    """
    if selector.is_meta:
        return blobs
    chosen = selector.flatten() != 0
    return tuple(blob[chosen] for blob in blobs)


def caffe_argmax(
    x: Tensor, axis: int | None = None, top_k: int = 1, *, out_max_val: bool = False
) -> Tensor:
    """Return the indices of the `top_k` largest values in the dtype of `x` (argmax_layer.cpp).

    Along `axis`, whose extent becomes `top_k`; `out_max_val` returns the values in their place.
    Without an axis, over each item: `(N, 1, top_k)`, or `(N, 2, top_k)` with the values after the
    indices, padded to the number of axes of `x`. Of equal values, the larger index comes first,
    unlike in `torch.topk`.
    """
    along = x.reshape(len(x), -1) if axis is None else x
    dim = 1 if axis is None else axis
    values, backward = along.flip(dim).sort(dim=dim, descending=True, stable=True)
    values = values.narrow(dim, 0, top_k)
    indices = (along.size(dim) - 1 - backward.narrow(dim, 0, top_k)).to(x.dtype)
    if axis is not None:
        return values if out_max_val else indices
    result = torch.stack([indices, values] if out_max_val else [indices], dim=1)
    return result.reshape(result.shape + (1,) * (x.dim() - 3))
