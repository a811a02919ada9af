"""Columns of a curve: numbers as Caffe printed them, and the rows that they make."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, repeat
from operator import sub, truediv
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
    try:
        return [*known_numbers(text)]
    except ValueError:
        return list(map(number, text.split("\n")))


# A net with one loss prints each of its values twice.
@lru_cache(maxsize=4)
def known_numbers(text: str) -> tuple[float, ...]:
    """Return the same where each line has a number that Python reads, else raise ValueError."""
    # Only Python reads 1_000.
    if "_" in text:
        raise ValueError
    return tuple(map(float, text.split("\n")))


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

    Losses, rates, speeds and outputs are text as printed, a line for each row, empty where the log
    has no value.
    """

    iterations: list[int]
    times: list[str | None]
    seconds: list[float | None]
    losses: str
    lrs: str
    speeds: str
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
            lines(self.speeds),
            self.names,
            list(map(lines, self.values)),
        )

    def rows(self) -> Iterator[Row]:
        """Yield the rows one by one."""
        columns = list(map(numbers, self.values))
        members = zip(*columns, strict=True) if columns else repeat((), len(self.iterations))
        outputs = (by_name(self.names, row) for row in members)
        texts = map(numbers, (self.losses, self.lrs, self.speeds))
        return map(Row, self.iterations, self.times, self.seconds, *texts, outputs)


def _gaps(after: Sequence[float | None], before: Sequence[float | None]) -> list[float]:
    """Return the differences of times, 0 where one is unknown."""
    try:
        return list(map(sub, after, before))
    except TypeError:
        pairs = zip(after, before, strict=False)
        return [0.0 if a is None or b is None else a - b for a, b in pairs]


class Speeds:
    """Iterations per second, from one part to the next."""

    def __init__(self) -> None:
        self._iteration = 0
        self._seconds: float | None = None

    def of(
        self, iterations: Sequence[int], seconds: Sequence[float | None], logged: str
    ) -> list[str]:
        """Return the logged speeds, or the speeds computed from the times of consecutive rows.

        `logged` has a line for each row, empty where the log has no speed. Computed speeds have
        six digits, as Caffe prints them.
        """
        steps = list(map(sub, iterations, [self._iteration, *iterations]))
        gaps = _gaps(seconds, [self._seconds, *seconds])
        self._iteration, self._seconds = iterations[-1], seconds[-1]
        if min(steps) > 0 and min(gaps) > 0:
            form = "\n".join(["%.6g"] * len(steps))
            speeds = (form % tuple(map(truediv, steps, gaps))).split("\n")
        else:
            speeds = [
                f"{step / gap:.6g}" if step > 0 and gap > 0 else ""
                for step, gap in zip(steps, gaps, strict=True)
            ]
        if logged.strip("\n"):
            own = logged.split("\n")
            speeds = [one or speed for one, speed in zip(own, speeds, strict=True)]
        return speeds
