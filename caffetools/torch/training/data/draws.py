"""Random numbers that depend on nothing but a seed and a place.

What is drawn for an item of the data is a function of the run's seed, the data layer and the item's
number in the run. So workers may read ahead in any order, processes may share the items out, and a
resumed run draws what the uncut one would have. Caffe's own draws come one after the other from one
Mersenne Twister: the distributions here are the same, the numbers are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MASK = 2**64 - 1
_STEP = 0x9E3779B97F4A7C15


class Draws:
    """A sequence of draws for one place: SplitMix64 (Steele, Lea and Flood, 2014)."""

    __slots__ = ("_state",)

    def __init__(self, *place: int) -> None:
        self._state = 0
        for number in place:
            self._state = _mixed(self._state ^ (number & _MASK))

    def below(self, bound: int) -> int:
        """A whole number from 0 to `bound` - 1; 0 for a bound of 0."""
        self._state = (self._state + _STEP) & _MASK
        return _mixed(self._state) % bound if bound else 0


def shuffled(length: int, *place: int) -> NDArray[np.int64]:
    """The numbers from 0 to `length` - 1 in the random order of a place."""
    generator = np.random.Generator(np.random.PCG64(Draws(*place).below(2**63)))
    return generator.permutation(length)


def _mixed(value: int) -> int:
    value = (value + _STEP) & _MASK
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & _MASK
    return value ^ value >> 31
