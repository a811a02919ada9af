"""Caffe's fillers as calls that fill a parameter (filler.hpp)."""

from __future__ import annotations

from caffetools.proto.message import Message
from caffetools.proto.wire import single
from caffetools.torch.emit.base import Expression, Fill, differing


def filled(
    filler: Message, default: float = 0.0, *, given: bool, start: float | None = None
) -> Fill | None:
    """How a FillerParameter fills a tensor that is `start` all over before that, if known.

    `default` is what the layer takes where no filler is `given`. None where the tensor starts so,
    and for a filler that is not Caffe's, which the net's notes tell.
    """
    kind = filler.text("type")
    if kind == "constant" or not given:
        value = single(filler.number("value")) if given else default
        return None if value == start else _constant(value)
    if kind == "gaussian":
        return _gaussian(filler)
    if kind == "uniform":
        ends = differing(a=(filler.number("min"), 0.0), b=(filler.number("max"), 1.0))
        return Fill("nn.init.uniform_", tuple(ends.items()))
    if kind in ("xavier", "msra"):
        norm = differing(variance_norm=(filler.text("variance_norm"), "FAN_IN"))
        return Fill(f"{kind}_", tuple(norm.items()))
    if kind in ("positive_unitball", "bilinear"):
        return Fill(f"{kind}_")
    return None


def _constant(value: float) -> Fill:
    if value in (0.0, 1.0):
        return Fill("nn.init.ones_" if value else "nn.init.zeros_")
    return Fill("nn.init.constant_", arguments=(value,))


def _gaussian(filler: Message) -> Fill:
    mean, std, sparse = filler.number("mean"), filler.number("std"), filler.integer("sparse")
    if sparse >= 0:
        keywords: tuple[tuple[str, Expression], ...]
        keywords = (("mean", mean), ("std", std), ("sparse", sparse))
        return Fill("sparse_gaussian_", keywords)
    return Fill("nn.init.normal_", tuple(differing(mean=(mean, 0.0), std=(std, 1.0)).items()))
