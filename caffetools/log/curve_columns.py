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


def numbers(texts: Sequence[str]) -> list[float | None]:
    """Return the values of numbers as C++ prints them."""
    try:
        return list(map(float, texts)) if "_" not in "".join(texts) else list(map(number, texts))
    except ValueError:
        return list(map(number, texts))


class Column:
    """Numbers as text, in order; `""` where the log has none.

    Text takes as little memory as floats (`6.91801` and a separator are eight bytes), keeps the
    printed digits, and takes a tenth of the time.
    """

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
            self._close()

    def extend(self, texts: Iterable[str], count: int) -> None:
        """Append `count` numbers."""
        self._close()
        if count:
            self._pieces.append("\n".join(texts))
            self._size += count

    def _close(self) -> None:
        if self._new:
            self._pieces.append("\n".join(self._new))
            self._new.clear()

    def last(self, count: int) -> list[str]:
        """Return the last `count` numbers, in order."""
        self._close()
        found: list[str] = []
        pieces = reversed(self._pieces)
        while len(found) < count and (piece := next(pieces, None)) is not None:
            found[:0] = piece.split("\n")
        return found[len(found) - count :]

    def __iter__(self) -> Iterator[str]:
        self._close()
        return chain.from_iterable(piece.split("\n") for piece in self._pieces)


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

    Losses, rates and outputs are text as printed, `""` where the log has no value.
    """

    iterations: list[int]
    times: list[str | None]
    seconds: list[float | None]
    losses: list[str]
    lrs: list[str]
    speeds: list[float | None]
    names: tuple[str, ...]
    """The output that each column of `values` belongs to; a vector's name occurs repeatedly."""
    values: list[list[str]]

    @property
    def outputs(self) -> dict[str, list[list[str]]]:
        """The columns of each output, in the order of their first occurrence."""
        return by_name(self.names, self.values)

    def sliced(self, start: int, stop: int) -> Part:
        """Return rows start to stop - 1."""
        rows = slice(start, stop)
        return Part(
            self.iterations[rows],
            self.times[rows],
            self.seconds[rows],
            self.losses[rows],
            self.lrs[rows],
            self.speeds[rows],
            self.names,
            [column[rows] for column in self.values],
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
        self, iterations: Sequence[int], seconds: Sequence[float | None], logged: Sequence[str]
    ) -> list[float | None]:
        """Return the logged speeds, or the speeds computed from the times of consecutive rows."""
        rows = zip(
            iterations,
            seconds,
            chain([self._iteration], iterations),
            chain([self._seconds], seconds),
            strict=False,
        )
        speeds = [
            (iteration - last) / (at - since)
            if since is not None and at is not None and at > since and iteration > last
            else None
            for iteration, at, last, since in rows
        ]
        if iterations:
            self._iteration, self._seconds = iterations[-1], seconds[-1]
        if any(logged):
            own = numbers(logged)
            speeds = [speed if one is None else one for speed, one in zip(speeds, own, strict=True)]
        return speeds
