from __future__ import annotations

import math
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.log.times import DAY, Clock

FIRST = datetime.fromisoformat("2013-01-01")


def written(moment: datetime, with_year: bool = False) -> str:
    return moment.strftime("%Y%m%d %H:%M:%S.%f" if with_year else "%m%d %H:%M:%S.%f")


def test_the_turn_of_the_year_without_a_year() -> None:
    clock = Clock()
    before, after = clock.seconds("1231 23:59:59.500000"), clock.seconds("0101 00:00:00.250000")
    assert after - before == 0.75
    assert clock.iso("0101 00:00:00.250000") == "--01-01T00:00:00.250000"


def test_threads_may_cross_the_turn_of_the_year_in_either_order() -> None:
    clock = Clock(2015)
    times = ("1231 23:59:59", "0101 00:00:00", "1231 23:59:59", "0101 00:00:01")
    seconds = [clock.seconds(time) for time in times]
    assert [later - seconds[0] for later in seconds] == [0, 1, 0, 2]
    assert clock.year == 2016


@pytest.mark.parametrize(("year", "days"), [(None, 1), (2015, 1), (2016, 2)])
def test_the_first_of_march_follows_the_last_of_february(year: int | None, days: int) -> None:
    clock = Clock(year)
    before, after = clock.seconds("0228 12:00:00"), clock.seconds("0301 12:00:00")
    assert after - before == days * DAY


def test_a_line_of_29_february_shows_a_leap_year() -> None:
    clock = Clock()
    seconds = [clock.seconds(f"{day} 00:00:00") for day in ("1231", "0228", "0229", "0301", "1231")]
    days = [(later - seconds[0]) / DAY for later in seconds]
    # The leap day itself is the 60th day after 31 December, and the year has 366.
    assert days == [0, 31 + 28, 31 + 29, 31 + 29 + 1, 366]
    assert (clock.seconds("0101 00:00:00") - seconds[0]) / DAY == 367


def test_the_year_of_a_file_head_and_of_a_prefix() -> None:
    clock = Clock()
    clock.turn_to("20151231")
    assert clock.seconds("0101 00:00:00") == 16 * 365 * DAY + 4 * DAY
    assert clock.iso("0101 00:00:00") == "2016-01-01T00:00:00"
    clock.seconds("20170301 00:00:00")
    assert clock.iso("20170301 00:00:00") == "2017-03-01T00:00:00"


def test_a_year_that_comes_too_late_changes_nothing() -> None:
    clock = Clock()
    first = clock.seconds("0301 00:00:00")
    assert clock.seconds("20170302 00:00:00") - first == DAY
    assert clock.iso("20170302 00:00:00") == "--03-02T00:00:00"


@pytest.mark.parametrize(
    "time",
    [
        "",
        "x",
        "1301 00:00:00",
        "0001 00:00:00",
        "0230 00:00:00",
        "0400 00:00:00",
        "0101 24:00:00",
        "0101 00:60:00",
        "0101 00:00:x",
        "0101",
        "99999999 00:00:00",
        "00000101 00:00:00",
    ],
)
def test_what_is_no_time(time: str) -> None:
    assert math.isnan(Clock().seconds(time))


@given(
    st.datetimes(FIRST, FIRST + timedelta(days=5000)),
    st.lists(st.timedeltas(timedelta(), timedelta(days=170)), max_size=20),
    st.booleans(),
)
def test_seconds_are_those_between_the_moments(
    start: datetime, steps: list[timedelta], with_year: bool
) -> None:
    clock = Clock(None if with_year else start.year)
    moment, first = start, clock.seconds(written(start, with_year))
    for step in steps:
        moment += step
        seconds = clock.seconds(written(moment, with_year)) - first
        assert seconds == pytest.approx((moment - start).total_seconds(), abs=1e-6)
        assert clock.iso(written(moment)) == moment.isoformat(timespec="microseconds")


def test_a_file_of_the_month_before_is_of_no_other_year() -> None:
    clock = Clock(2015)
    assert clock.seconds("0801 00:00:00") - clock.seconds("0731 00:00:00") == DAY
    assert clock.year == 2015


def test_moments_are_what_single_lines_tell() -> None:
    times = [
        *("0721 10:38:15.500000", "0721 10:38:16", "0721 10:38:59.999999", "0721 10:39:00.25"),
        *("no time", "0721 10:39:0_.000000", "0721 10:39:01.000001", "0722 00:00:01", ""),
        *("0722 25:00:00.000000", "0722 00:00:x1.000000", "20150722 00:00:02.000000"),
    ]
    midnight = Clock(2015).seconds("0721 00:00:00")
    found = zip(*Clock(2015).moments("\n".join(times), midnight), strict=True)
    at = 10 * 3600 + 38 * 60
    none = (None, None)
    assert [(seconds and round(seconds, 6), iso) for seconds, iso in found] == [
        (at + 15.5, "2015-07-21T10:38:15.500000"),
        (at + 16, "2015-07-21T10:38:16"),
        (at + 59.999999, "2015-07-21T10:38:59.999999"),
        (at + 60.25, "2015-07-21T10:39:00.25"),
        *(none, none),
        (at + 61.000001, "2015-07-21T10:39:01.000001"),
        (86401, "2015-07-22T00:00:01"),
        *(none, none, none),
        (86402, "2015-07-22T00:00:02.000000"),
    ]
