"""SENet's Axpy."""

from __future__ import annotations

from caffetools.layers.base import count, dims
from caffetools.layers.fork_elementwise import Axpy
from caffetools.torch.emit.base import (
    Bottom,
    Emission,
    Emitters,
    Expression,
    Place,
    X,
    call,
    method,
    values,
)


def axpy(_: Axpy, place: Place) -> Emission:
    """`torch.addcmul`, with the factor of each channel spread over its positions."""
    factors, first = place.bottoms[:2]
    if count(factors) != count(first[:2]):
        raise place.error(
            f"expected a factor for each channel of {dims(first)}, found {dims(factors)}"
        )
    ones = (1,) * (len(first) - 2)
    spread: Expression = X
    if factors != (*first[:2], *ones):
        spread = method(X, "reshape", method(X, "size", 0), -1, *ones)
    return values(call("torch.addcmul", Bottom(2), spread, Bottom(1)))


EMITTERS: Emitters = {Axpy: axpy}
