"""Damaged items of the data that others took the place of: each is told, all are counted."""

from __future__ import annotations

from collections.abc import Iterable

from caffetools.torch.training.glog import Log

_KEPT = 10000
"""Notes that are remembered, so that an item is told once and not in each epoch."""


class Skipped:
    """Takes the notes of batches and writes them to a log."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.count = 0
        self._told: set[str] = set()

    def tell(self, notes: Iterable[str]) -> None:
        """Log the notes that are new."""
        for note in notes:
            self.count += 1
            if note in self._told:
                continue
            if len(self._told) < _KEPT:
                self._told.add(note)
            self.log.remark("data_layer.cpp:100", f"{note}; the next item takes its place")

    def sum_up(self, count: int) -> None:
        """Log how often that was in the whole run, where it was."""
        if count:
            text = f"damaged items that were skipped in this run: {count}"
            self.log.remark("data_layer.cpp:100", text)
