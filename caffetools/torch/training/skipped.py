"""Damaged items of the data that others took the place of: each is told, all are counted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from caffetools.torch.training.glog import Log

_KEPT = 10000
"""Notes that are remembered, so that an item is told once and not in each epoch."""


class Found(NamedTuple):
    """What one process met."""

    times: int
    notes: tuple[str, ...]


class Skipped:
    """Takes the notes of batches and writes them to a log."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.count = 0
        self._told: dict[str, None] = {}

    @property
    def found(self) -> Found:
        """What was met up to now."""
        return Found(self.count, tuple(self._told))

    def tell(self, notes: Iterable[str]) -> None:
        """Count the notes of a batch, and log those that are new."""
        for note in notes:
            self.count += 1
            self._tell(note)

    def sum_up(self, found: Iterable[Found]) -> None:
        """Log what any process met, as other processes have no log, and how often in all."""
        total = 0
        for count, notes in found:
            total += count
            for note in notes:
                self._tell(note)
        if total:
            text = f"damaged items that were skipped in this run: {total}"
            self.log.remark("data_layer.cpp:100", text)

    def _tell(self, note: str) -> None:
        if note not in self._told:
            self.log.remark("data_layer.cpp:100", f"{note}; the next item takes its place")
            if len(self._told) < _KEPT:
                self._told[note] = None
