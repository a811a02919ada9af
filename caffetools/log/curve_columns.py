"""Columns of a curve: numbers as Caffe printed them, and the rows that they make."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import NamedTuple, TypeVar

Member = TypeVar("Member")

_PIECE = 4096
_WINDOWS = r"(?i)(-?)(?:1\.#|)(INF|QNAN|SNAN|IND|NAN)(?:\(.*\))?0*"


def number(text: str) -> float | None:
    """Return the value of a number as C++ prints it, None if it is no number.

    >>> number("1.5e-07"), number("-nan"), number("1.#QNAN"), number(""), number("conv1")
    (1.5e-07, nan, nan, None, None)
    """
    if not text:
        return None
    try:
        # Only Python reads 1_000.
        return float(text) if "_" not in text else None
    except ValueError:
        words = re.fullmatch(_WINDOWS, text)
        if words is None:
            return None
        value = math.inf if words[2].upper() == "INF" else math.nan
        return -value if words[1] else value


def numbers(text: str) -> list[float | None]:
    """Return the values of numbers as C++ prints them, one a line."""
    texts = text.split("\n")
    try:
        return list(map(float if "_" not in text else number, texts))
    except ValueError:
        return list(map(number, texts))


class Column:
    """Numbers as text, in order."""

    __slots__ = ("_new", "_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._new: list[str] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def append(self, text: str) -> None:
        """Append one number."""
        self._new.append(text)
        self._size += 1
        if len(self._new) >= _PIECE:
            self._pieces.append("\n".join(self._new))
            self._new.clear()

    def __iter__(self) -> Iterator[str]:
        return chain(*(piece.split("\n") for piece in self._pieces), self._new)


def by_name(names: Iterable[str], members: Iterable[Member]) -> dict[str, list[Member]]:
    """Group members of outputs by output name, in the order of their first occurrence."""
    found: dict[str, list[Member]] = {}
    for name, member in zip(names, members, strict=True):
        found.setdefault(name, []).append(member)
    return found


class Row(NamedTuple):
    """One iteration of a curve; None where the log has no value."""

    iteration: int
    time: str | None
    """ISO 8601, without the year if it is unknown."""
    seconds: float | None
    """Since the log's first line."""
    loss: float | None
    """The weighted total; in training smoothed over average_loss iterations, as displayed."""
    lr: float | None
    speed: float | None
    """Iterations per second since the previous row: as logged, else computed from the times."""
    outputs: dict[str, list[float | None]]


class Part(NamedTuple):
    """Consecutive rows with the same outputs, as columns of one length.

    Losses, rates and outputs are text as printed, a line for each row, empty where the log has no
    value.
    """

    iterations: list[int]
    times: list[str | None]
    seconds: list[float | None]
    losses: str
    lrs: str
    speeds: list[float | None]
    names: tuple[str, ...]
    """The output that each column of `values` belongs to; a vector's name occurs repeatedly."""
    values: list[str]

    @property
    def outputs(self) -> dict[str, list[str]]:
        """The columns of each output, in the order of their first occurrence."""
        return by_name(self.names, self.values)

    def sliced(self, start: int, stop: int) -> Part:
        """Return rows start to stop - 1."""
        if stop - start == len(self.iterations):
            return self
        rows = slice(start, stop)

        def lines(text: str) -> str:
            return "\n".join(text.split("\n")[rows])

        return Part(
            self.iterations[rows],
            self.times[rows],
            self.seconds[rows],
            lines(self.losses),
            lines(self.lrs),
            self.speeds[rows],
            self.names,
            list(map(lines, self.values)),
        )

    def rows(self) -> Iterator[Row]:
        """Yield the rows one by one."""
        columns = list(map(numbers, self.values))
        members = zip(*columns, strict=True) if columns else repeat((), len(self.iterations))
        outputs = (by_name(self.names, row) for row in members)
        losses, lrs = numbers(self.losses), numbers(self.lrs)
        own = (self.iterations, self.times, self.seconds, losses, lrs, self.speeds)
        return map(Row, *own, outputs)


class Speeds:
    """Iterations per second, from one part to the next."""

    def __init__(self) -> None:
        self._iteration = 0
        self._seconds: float | None = None

    def of(
        self, iterations: Sequence[int], seconds: Sequence[float | None], logged: str
    ) -> list[float | None]:
        """Return the logged speeds, or the speeds computed from the times of consecutive rows.

        `logged` has a line for each row, empty where the log has no speed.
        """
        befores = zip(
            chain([self._iteration], iterations), chain([self._seconds], seconds), strict=True
        )
        speeds = [
            (iteration - last) / (at - since)
            if since is not None and at is not None and at > since and iteration > last
            else None
            for iteration, at, (last, since) in zip(iterations, seconds, befores, strict=False)
        ]
        self._iteration, self._seconds = iterations[-1], seconds[-1]
        if logged.strip("\n"):
            own = numbers(logged)
            speeds = [speed if one is None else one for speed, one in zip(speeds, own, strict=True)]
        return speeds
