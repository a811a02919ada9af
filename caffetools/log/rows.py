"""The rows of a curve: one by one, or column by column where millions are written out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple, TypeVar

Member = TypeVar("Member")


def by_name(names: Iterable[str], members: Iterable[Member]) -> dict[str, list[Member]]:
    """Members of outputs by their names, in the order in which these are told first."""
    found: dict[str, list[Member]] = {}
    for name, member in zip(names, members, strict=True):
        found.setdefault(name, []).append(member)
    return found


class Row(NamedTuple):
    """One iteration's row of a curve; None is not told."""

    iteration: int
    time: str | None
    """ISO 8601, without its year where the log does not tell it."""
    seconds: float | None
    """Since the log's first line."""
    loss: float | None
    """The weighted total; of training, smoothed over average_loss iterations, as displayed."""
    lr: float | None
    speed: float | None
    """Iterations per second since the row before: as Caffe tells it, else by the times."""
    outputs: dict[str, list[float | None]]


class Part(NamedTuple):
    """Rows that follow one another and tell the same outputs, in columns of one length."""

    iterations: list[int]
    times: list[str | None]
    seconds: list[float | None]
    losses: list[float | None]
    lrs: list[float | None]
    speeds: list[float | None]
    names: tuple[str, ...]
    """Which output each of the numbers is of: a vector's name stands there once for each."""
    numbers: list[list[float | None]]

    @property
    def outputs(self) -> dict[str, list[list[float | None]]]:
        """The columns of each output, in the order in which the log tells them first."""
        return by_name(self.names, self.numbers)

    def some(self, start: int, stop: int) -> Part:
        """The rows start to stop - 1 of it."""
        rows = slice(start, stop)
        return Part(
            self.iterations[rows],
            self.times[rows],
            self.seconds[rows],
            self.losses[rows],
            self.lrs[rows],
            self.speeds[rows],
            self.names,
            [column[rows] for column in self.numbers],
        )

    def rows(self) -> Iterator[Row]:
        """The same, row by row."""
        told = self.outputs
        outputs = (
            {name: [column[index] for column in columns] for name, columns in told.items()}
            for index in range(len(self.iterations))
        )
        own = (self.times, self.seconds, self.losses, self.lrs, self.speeds)
        return map(Row, self.iterations, *own, outputs)


class Speeds:
    """Iterations per second, from one part to the next."""

    def __init__(self) -> None:
        self._iteration = 0
        self._seconds: float | None = None

    def of(
        self,
        iterations: Sequence[int],
        seconds: Sequence[float | None],
        told: Sequence[float | None],
    ) -> list[float | None]:
        """What Caffe tells; else by the times of a row and the one before, where both have one."""
        before = zip(
            chain([self._iteration], iterations), chain([self._seconds], seconds), strict=False
        )
        now = zip(iterations, seconds, told, strict=True)
        speeds = [
            _speed(iteration - last, since, at) if speed is None else speed
            for (iteration, at, speed), (last, since) in zip(now, before, strict=False)
        ]
        if iterations:
            self._iteration, self._seconds = iterations[-1], seconds[-1]
        return speeds


def _speed(iterations: int, since: float | None, at: float | None) -> float | None:
    if since is None or at is None or at <= since or iterations <= 0:
        return None
    return iterations / (at - since)
