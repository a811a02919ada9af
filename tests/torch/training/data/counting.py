"""A source for tests whose items tell who they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.batches import Reading
from caffetools.torch.training.data.sources import ItemArrays, ReadContext

TOPS = ("data", "label")


@dataclass(frozen=True)
class Counting:
    """Items that hold their number, the draws of their place, and the slot; some damaged."""

    batch_size: int = 3
    damaged: tuple[int, ...] = ()
    tops: tuple[str, ...] = TOPS
    workers: int = 2
    sizes: Mapping[int, int] = field(default_factory=dict)
    """Of the items that have another than 3."""

    def open(self, place: ReadContext) -> Counting.OpenSource:
        return Counting.OpenSource(self, place)

    @dataclass(frozen=True)
    class OpenSource:
        source: Counting
        place: ReadContext

        def read(self, number: int, slot: int) -> ItemArrays:
            if number in self.source.damaged:
                raise CaffeToolsError(f"number {number} is damaged")
            draw = self.place.draws(number).below(1000)
            size = self.source.sizes.get(number, 3)
            return np.array([number, draw, slot, 0, 0][:size], np.float64), np.float32(number)

        def name(self, number: int, slot: int) -> str:
            return f"item {number}"


def reading(**options: Any) -> Reading:
    return Reading(1, train=True, **options)
