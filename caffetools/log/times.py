"""Times of a log in seconds: most of glog's dates have no year."""

from __future__ import annotations

import math
from calendar import isleap, monthrange
from collections.abc import Iterator
from datetime import MAXYEAR, MINYEAR, date, datetime, timedelta
from itertools import groupby, repeat
from operator import sub

DAY = 86400.0
_EPOCH = date(2000, 1, 1)
_MINUTES = {f"{m // 60:02}:{m % 60:02}:": 60.0 * m for m in range(24 * 60)}
_MIDNIGHT = datetime(2000, 1, 1)  # noqa: DTZ001  # glog's times have no zone
_COMMON_YEAR = 2001
_LEAP_YEAR = 2000


def _runs(times: str) -> Iterator[tuple[str, str]]:
    """Yield each date of times such as `0721 10:38:15.326920`, one a line, and its lines."""
    first = times.partition("\n")[0][:-16]
    if times.count(f"{first} ") == times.count("\n") + 1:
        yield first, times
        return
    for date_, run in groupby(times.split("\n"), key=lambda time: time[:-16]):
        yield date_, "\n".join(run)


class Clock:
    """Converts the times of a log into seconds, in the order of its lines.

    Seconds count from the start of 2000 where the year is known, else from that of the log's first
    year. A year without a number is taken for a common one until a line of 29 February shows that
    it is not, which moves no day before.
    """

    def __init__(self, year: int | None = None) -> None:
        self.year = 0 if year is None else year
        """The year of the last line; without a number, how many after the log's first."""
        self.has_year = year is not None
        self._leap_years: set[int] = set()
        self._date = ""
        self._place = 0
        self._midnight = math.nan

    def turn_to(self, date_: str) -> None:
        """Set the date of the next lines, `mmdd` or `yyyymmdd`.

        A year comes too late once lines have been read as if none were known.
        """
        if len(date_) == 8 and (self.has_year or not self._date):
            self.year, self.has_year, self._place = int(date_[:4]), True, 0
        self._date = date_
        self._midnight = math.nan
        month, day = int(date_[-4:-2]), int(date_[-2:])
        if 1 <= month <= 12:
            place = 31 * month + day
            # Half a year back is a new year; less is another file. Threads may cross the turn of
            # the year in either order.
            back = self._place - place if self._place else 0
            self.year += (back > 186) - (back < -340)
            self._place = place
            self._midnight = self._day(month, day)

    def _day(self, month: int, day: int) -> float:
        """When a day of this year begins, NaN if there is none."""
        if not self.has_year and (month, day) == (2, 29):
            self._leap_years.add(self.year)
        if self.has_year:
            if not MINYEAR <= self.year <= MAXYEAR:
                return math.nan
            leap = isleap(self.year)
            new_year = (date(self.year, 1, 1) - _EPOCH).days
        else:
            leap = self.year in self._leap_years
            leap_days = sum(
                (0 <= year < self.year) - (self.year <= year < 0) for year in self._leap_years
            )
            new_year = 365 * self.year + leap_days
        like = _LEAP_YEAR if leap else _COMMON_YEAR
        if not 1 <= day <= monthrange(like, month)[1]:
            return math.nan
        return DAY * (new_year + date(like, month, day).timetuple().tm_yday - 1)

    def seconds(self, time: str) -> float:
        """When a line was written, of its time as glog prints it; NaN if it is no time."""
        date_, _, clock = time.partition(" ")
        try:
            if date_ != self._date:
                self.turn_to(date_)
            return self._midnight + _MINUTES[clock[:6]] + float(clock[6:])
        except (KeyError, ValueError):
            return math.nan

    def moments(self, times: str, origin: float) -> tuple[list[float | None], list[str | None]]:
        """Return each time, one a line, in seconds since `origin` and by ISO 8601.

        Both are None if it is no time.
        """
        seconds: list[float | None] = []
        isos: list[str | None] = []
        start = None if math.isnan(origin) else round(origin * 1e6)
        for date_, run in _runs(times):
            if start is not None and (same_day := self._same_day(date_, run, start)):
                seconds += same_day[0]
                isos += same_day[1]
                continue
            for time in run.split("\n"):
                moment, iso = self._moment(time)
                seconds.append(None if moment is None or start is None else (moment - start) / 1e6)
                isos.append(iso)
        return seconds, isos

    def _same_day(
        self, date_: str, joined: str, origin: int
    ) -> tuple[list[float], list[str]] | None:
        """Seconds and ISO forms of times of one date, None unless all have microseconds."""
        count = joined.count("\n") + 1
        is_usual = (
            len(date_) in {4, 8}
            and date_.isdecimal()
            and len(joined) == (len(date_) + 17) * count - 1
            and joined.count(".") == joined.count(f"{date_} ") == count
        )
        try:
            if not is_usual:
                return None
            if date_ != self._date:
                self.turn_to(date_)
            if math.isnan(self._midnight):
                return None
            clocks = joined.replace(f"{date_} ", "2000-01-01T").split("\n")
            start = _MIDNIGHT - timedelta(microseconds=round(self._midnight * 1e6) - origin)
            since = map(sub, map(datetime.fromisoformat, clocks), repeat(start))
            seconds = list(map(timedelta.total_seconds, since))
        except (TypeError, ValueError):
            return None
        return seconds, joined.replace(f"{date_} ", self.iso(f"{date_} ")).split("\n")

    def _moment(self, time: str) -> tuple[int | None, str | None]:
        seconds = self.seconds(time)
        if not math.isfinite(seconds):
            return None, None
        return round(seconds * 1e6), self.iso(time)

    def iso(self, time: str) -> str:
        """`2023-07-21T10:38:15.326920` of the line whose seconds were asked for last.

        Where the year is not known, `--07-21T10:38:15.326920`.
        """
        date_, _, clock = time.partition(" ")
        year = f"{self.year:04}" if self.has_year else "-"
        return f"{year}-{date_[-4:-2]}-{date_[-2:]}T{clock}"
