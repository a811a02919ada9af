"""Checks of fillers against the blobs that they fill (filler.hpp)."""

from __future__ import annotations

from collections.abc import Iterable

from caffetools.layers.base import Param
from caffetools.layers.blobs import count, dims
from caffetools.proto.message import Message

FILLERS = ("constant", "gaussian", "positive_unitball", "uniform", "xavier", "msra", "bilinear")
_BY_FIRST_AXIS = ("positive_unitball", "xavier", "msra")
"""Fillers that divide by the first extent, which a scalar lacks."""


def check_filler(filler: Message, param: Param) -> tuple[str, ...]:
    """Raise ShapeError if Caffe cannot fill the blob; return a note on an unknown filler."""
    kind, shape = filler.text("type"), param.shape
    if kind not in FILLERS:
        return (f"unknown filler {kind!a} of the {param.role}",)
    if kind == "bilinear" and (len(shape) != 4 or shape[2] != shape[3]):
        text = f"expected 4 axes and a square kernel to fill, the {param.role} is {dims(shape)}"
        raise filler.error(text, "type")
    if count(shape) == 0:
        text = f"the {param.role} of shape {dims(shape)} is empty, nothing can be filled"
        raise filler.error(text)
    sparse = filler.integer("sparse")
    if kind == "gaussian" and sparse < -1:
        raise filler.error(f"expected sparse of at least -1, found {sparse}", "sparse")
    if kind != "gaussian" and sparse != -1:
        raise filler.error(f"sparse is for gaussian fillers, found {kind}", "sparse")
    if not shape and (kind in _BY_FIRST_AXIS or sparse >= 0):
        raise filler.error(f"the filler {kind} needs an axis, the {param.role} is a scalar", "type")
    return ()


def check_fillers(options: Message, params: Iterable[Param]) -> tuple[str, ...]:
    """`check_filler` for each parameter; the filler of `weight` is the field `weight_filler`."""
    notes: tuple[str, ...] = ()
    for param in params:
        notes += check_filler(options.message(f"{param.role}_filler"), param)
    return notes
