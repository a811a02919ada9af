"""Numbers as Caffe keeps them: C++'s float, of single precision."""

from __future__ import annotations

import math
import struct


def single(value: float) -> float:
    """The value rounded to single precision, infinite where it is out of range."""
    try:
        rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return rounded
