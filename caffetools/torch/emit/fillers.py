"""Caffe's fillers as calls that initialize a parameter (filler.hpp)."""

from __future__ import annotations

from caffetools.proto.message import Message
from caffetools.proto.wire import single
from caffetools.torch.emit.base import Fill, Slot, differing, fields


def slot(
    attribute: str, param: Message, name: str, default: float = 0.0, start: float | None = None
) -> Slot:
    """Return the slot of a blob with the filler in field `name` of the layer's options.

    Without that field its elements are `default`. `start` is their value after construction.
    """
    if param.has(name):
        return Slot(attribute, fill(param.message(name), start))
    return Slot(attribute, _constant(default, start))


def fill(filler: Message, start: float | None = None) -> Fill | None:
    """Return the initialization by a FillerParameter of a tensor whose elements are `start`.

    None if the tensor has those values already, and for a filler that Caffe does not have, which
    the notes of the net report.
    """
    kind = filler.text("type")
    if kind == "constant":
        return _constant(single(filler.number("value")), start)
    if kind == "gaussian":
        return _gaussian(filler)
    if kind == "uniform":
        ends = differing(a=(filler.number("min"), 0.0), b=(filler.number("max"), 1.0))
        return Fill("nn.init.uniform_", tuple(ends.items()))
    if kind in ("xavier", "msra"):
        return Fill(f"{kind}_", tuple(fields(filler, variance_norm="FAN_IN").items()))
    if kind in ("positive_unitball", "bilinear"):
        return Fill(f"{kind}_")
    return None


def _constant(value: float, start: float | None) -> Fill | None:
    if value == start:
        return None
    if value in (0.0, 1.0):
        return Fill("nn.init.ones_" if value else "nn.init.zeros_")
    return Fill("nn.init.constant_", arguments=(value,))


def _gaussian(filler: Message) -> Fill:
    if filler.integer("sparse") < 0:
        return Fill("nn.init.normal_", tuple(fields(filler, mean=0.0, std=1.0).items()))
    mean, std, sparse = filler.number("mean"), filler.number("std"), filler.integer("sparse")
    return Fill("sparse_gaussian_", (("mean", mean), ("std", std), ("sparse", sparse)))
