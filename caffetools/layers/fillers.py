"""What a filler demands of the blob that it fills (filler.hpp)."""

from __future__ import annotations

from caffetools.layers.base import Param, count, dims
from caffetools.proto.message import Message

FILLERS = ("constant", "gaussian", "positive_unitball", "uniform", "xavier", "msra", "bilinear")
_BY_FIRST_AXIS = ("positive_unitball", "xavier", "msra")
"""Those that divide by the first extent, which a scalar does not have."""


def check_filler(filler: Message, param: Param) -> tuple[str, ...]:
    """Raise ShapeError where Caffe could not fill the blob; returns a note on a fork's filler."""
    kind, shape = filler.text("type"), param.shape
    if kind not in FILLERS:
        return (f"the filler {kind!a} of the {param.role} is not one of Caffe's",)
    if kind == "bilinear" and (len(shape) != 4 or shape[2] != shape[3]):
        raise filler.error(
            f"expected 4 axes and a square kernel to fill, the {param.role} is {dims(shape)}",
            "type",
        )
    if count(shape) == 0:
        raise filler.error(
            f"the {param.role} of shape {dims(shape)} is empty, nothing can be filled"
        )
    sparse = filler.integer("sparse")
    if kind == "gaussian" and sparse < -1:
        raise filler.error(f"expected sparse of at least -1, found {sparse}", "sparse")
    if kind != "gaussian" and sparse != -1:
        raise filler.error(f"sparse is for gaussian fillers, found {kind}", "sparse")
    if not shape and (kind in _BY_FIRST_AXIS or sparse >= 0):
        raise filler.error(f"the filler {kind} needs an axis, the {param.role} is a scalar", "type")
    return ()
