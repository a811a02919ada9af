"""What a solver must know of a net: how fast each blob learns, and whether it learns at all."""

from __future__ import annotations

from caffetools.net import Net


def multipliers_of(net: Net) -> dict[str, tuple[tuple[float, float], ...]]:
    """Of the rate and the decay, for the blobs of each layer; a statistic has no rate."""
    return {
        layer.node.key: tuple(
            (0.0 if blob.statistic else blob.lr_mult, blob.decay_mult) for blob in layer.params
        )
        for layer in net.layers
        if layer.params
    }


def has_unused(net: Net) -> bool:
    """Is there a layer with blobs that learn, and no way from them to the loss?"""
    return any(
        not needed and any(blob.learnable for blob in layer.params)
        for layer, needed in zip(net.layers, net.needs_backward, strict=True)
    )
