"""Random numbers that depend only on a seed and a position in the data.

The draws of an item are a function of the run's seed, the data layer and the item's number. So
workers may read ahead in any order, processes may divide the items, and a resumed run draws what
the uncut one would have. Caffe draws from one Mersenne Twister in sequence: the distributions here
are equal to Caffe's, the numbers are not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MASK = 2**64 - 1
_STEP = 0x9E3779B97F4A7C15


class Draws:
    """Draws for one position: SplitMix64 (Steele, Lea and Flood, 2014)."""

    __slots__ = ("_state",)

    def __init__(self, *place: int) -> None:
        self._state = 0
        for number in place:
            self._state = _mixed(self._state ^ (number & _MASK))

    def below(self, bound: int) -> int:
        """Return an integer from 0 to `bound` - 1; 0 for a bound of 0."""
        self._state = (self._state + _STEP) & _MASK
        return _mixed(self._state) % bound if bound else 0

    def uniform(self, low: float, high: float) -> float:
        """Return a number from `low` to `high`, which is excluded, in single precision."""
        (part,) = self.ahead(1)
        self.skip(1)
        return float(np.float32(low) + (np.float32(high) - np.float32(low)) * np.float32(part))

    def ahead(self, count: int) -> NDArray[np.float32]:
        """Return the next numbers from 0 to 1, which is excluded, without drawing them."""
        steps = np.arange(1, count + 1, dtype=np.uint64)
        states = np.array([self._state], np.uint64) + np.array([_STEP], np.uint64) * steps
        values = (_all_mixed(states) >> np.array([40], np.uint64)).astype(np.float32)
        return np.ldexp(values, -24)

    def skip(self, count: int) -> None:
        """Draw numbers that nobody needs any more."""
        self._state = (self._state + count * _STEP) & _MASK


def shuffled(length: int, *place: int) -> NDArray[np.int64]:
    """Return the integers from 0 to `length` - 1 in a random order that depends on `place`."""
    generator = np.random.Generator(np.random.PCG64(Draws(*place).below(2**63)))
    return generator.permutation(length)


def _mixed(value: int) -> int:
    value = (value + _STEP) & _MASK
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & _MASK
    return value ^ value >> 31


def _all_mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return `_mixed` of each value; uint64 overflows as the mask cuts."""
    step, first, second, a, b, c = np.array(
        [[_STEP], [0xBF58476D1CE4E5B9], [0x94D049BB133111EB], [30], [27], [31]], np.uint64
    )
    values = values + step
    values = (values ^ values >> a) * first
    values = (values ^ values >> b) * second
    mixed: NDArray[np.uint64] = values ^ values >> c
    return mixed
