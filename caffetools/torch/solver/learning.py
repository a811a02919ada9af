"""What a solver must know of a net: how fast each blob learns, and whether it learns at all."""

from __future__ import annotations

from caffetools.net.net import Net
from caffetools.torch.export.lines import blob_keys, loss_weights


def multipliers_of(net: Net) -> dict[str, tuple[tuple[float, float], ...]]:
    """Of the rate and the decay, for the blobs of each layer; a statistic has no rate."""
    return {
        layer.node.key: tuple(
            (0.0 if blob.statistic else blob.lr_mult, blob.decay_mult) for blob in layer.params
        )
        for layer in net.layers
        if layer.params
    }


def shown_outputs(net: Net) -> dict[str, str] | None:
    """By output of the module what Caffe's log calls it; None where it shows all by their names.

    A loss that a layer reads is no output of Caffe's, or goes by the name of its Split.
    """
    graph, keys = net.inferred.graph, blob_keys(net)
    shown = {keys[blob]: graph.blobs[blob].name for blob in graph.outputs}
    hidden = loss_weights(net).keys() - shown.keys()
    return shown if hidden or any(key != name for key, name in shown.items()) else None


def has_unused(net: Net) -> bool:
    """Is there a layer with blobs that learn, and no way from them to the loss?"""
    return any(
        not needed and any(blob.learnable for blob in layer.params)
        for layer, needed in zip(net.layers, net.needs_backward, strict=True)
    )
