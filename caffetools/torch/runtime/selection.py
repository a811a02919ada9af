"""Items chosen by the data itself."""

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
