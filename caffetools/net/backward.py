"""Which layers compute a gradient (net.cpp, Net::Init)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from caffetools.net.graph import Node


class Gradient(NamedTuple):
    """What decides about one layer's gradient."""

    node: Node
    learns: bool
    """Has it a blob whose lr_mult is not 0?"""
    loss_weights: tuple[float, ...]


def needs_backward(layers: Sequence[Gradient], blob_names: Sequence[str]) -> list[bool]:
    """The flag of each layer, before the net's force_backward.

    Forwards, a layer needs it that learns or reads a blob that needs it. Backwards, those keep it
    that lead to a loss and whose tops are not all cut off by `propagate_down: false` below.
    """
    blob_needs = [False] * len(blob_names)
    flags = []
    bottoms: list[list[bool]] = []
    for node, learns, _ in layers:
        flag = learns or any(blob_needs[blob] for blob in node.bottoms)
        propagate = node.message.all("propagate_down")
        bottoms.append(
            [bool(down) for down in propagate]
            if propagate
            else [blob_needs[blob] for blob in node.bottoms]
        )
        if flag:
            for blob in node.tops:
                blob_needs[blob] = True
        flags.append(flag)
    _clear_what_no_loss_needs(layers, blob_names, flags, bottoms)
    return flags


def _clear_what_no_loss_needs(
    layers: Sequence[Gradient],
    blob_names: Sequence[str],
    flags: list[bool],
    bottoms: list[list[bool]],
) -> None:
    """Caffe goes by names here, so that every "(automatic)" top is one."""
    under_loss: set[str] = set()
    cut_off: set[str] = set()
    for index in range(len(layers) - 1, -1, -1):
        node, _, loss_weights = layers[index]
        names = [blob_names[blob] for blob in node.tops]
        contributes = any(loss_weights) or any(name in under_loss for name in names)
        if flags[index] and all(name in cut_off for name in names):
            flags[index] = False
            bottoms[index] = [False] * len(bottoms[index])
        if not contributes:
            flags[index] = False
            bottoms[index] = [False] * len(bottoms[index])
        for blob, needed in zip(node.bottoms, bottoms[index], strict=True):
            if contributes:
                under_loss.add(blob_names[blob])
            if not needed:
                cut_off.add(blob_names[blob])
