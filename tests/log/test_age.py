from __future__ import annotations

import time
from datetime import date

import pytest

from caffetools.log.age import RELEASES, Age, age
from caffetools.log.prefix import Message

HEAD = "I0721 10:38:15.326920  4692"


def of(*told: tuple[str, str], name: str | None = None) -> Age:
    return age([Message(1, text, HEAD, place) for place, text in told], name)


ARTICLE = (
    ("net.cpp:125", "Top shape: 256 3 227 227 (39574272) output data of layer 0"),
    ("net.cpp:156", "data does not need backward computation.  "),
    ("net.cpp:74", "Creating Layer conv1"),
    ("net.cpp:84", "conv1 <- data"),
    ("net.cpp:110", "conv1 -> conv1"),
    ("net.cpp:98", "relu1 -> conv1 (in-place)"),
    ("net.cpp:151", "conv1 needs backward computation."),
    ("net.cpp:167", "Memory required for Data 1073760256"),
)


def test_the_articles_caffe() -> None:
    assert of(*ARTICLE) == Age(date(2014, 3, 19), date(2014, 5, 6), "v0.99")


@pytest.mark.parametrize(
    ("told", "first", "last", "release"),
    [
        (
            (("net.cpp:103", "Top shape: 64 1 28 28 (50176)"),),
            date(2014, 9, 18),
            date(2015, 2, 16),
            "rc",
        ),
        (
            (("net.cpp:163", "Top shape: 64 10 (640)"),),
            date(2015, 8, 13),
            date(2015, 10, 16),
            "after rc2, before rc3",
        ),
        ((("net.cpp:97", "Top shape: 96 55 55"),), date(2013, 10, 7), date(2013, 10, 14), "v0.1"),
    ],
)
def test_single_lines(
    told: tuple[tuple[str, str], ...], first: date, last: date, release: str
) -> None:
    assert of(*told) == Age(first, last, release)


def test_master_of_today() -> None:
    found = of(
        ("net.cpp:131", "Top shape: 64 10 (640)"), ("caffe.cpp:365", "*** Benchmark begins ***")
    )
    assert (found.first, found.last, found.release) == (date(2018, 2, 12), None, "after 1.0")


def test_a_fork_is_told_by_lines_that_no_master_has() -> None:
    found = of(("net.cpp:9000", "Top shape: 64 10 (640)"), ("net.cpp:9001", "Creating Layer x"))
    assert (found.first, found.release) == (None, None)
    assert found.fork == (
        "no master prints 'Top shape: 64 10 (640)' at net.cpp:9000, nor 1 others where they stand"
    )


def test_a_fork_is_told_by_lines_of_different_days() -> None:
    found = of(("net.cpp:125", "Top shape: 1 1 1 1 (1)"), ("net.cpp:163", "Top shape: 64 10 (640)"))
    assert (found.first, found.fork) == (None, "1 of its source lines stood there on other days")


def test_a_fork_may_tell_its_name() -> None:
    found = of(*ARTICLE, name="NVCaffe 0.16.0")
    assert (found.release, found.first) == ("NVCaffe 0.16.0", None)
    assert found.fork == "it calls itself NVCaffe 0.16.0"
    assert found.nearest == (date(2014, 3, 19), date(2014, 5, 6))
    assert of(name="NVCaffe 0.17").release == "NVCaffe 0.17"


def test_a_changed_master_is_told_with_its_change() -> None:
    found = of(*ARTICLE, ("solver.cpp:9999", "Iteration 0, loss = 1"))
    assert found.first == date(2014, 3, 19)
    assert found.fork == "no master prints 'Iteration 0, loss = 1' at solver.cpp:9999"


def test_messages_of_nobodys_tell_nothing() -> None:
    assert of(("net.cpp:125", "Hello"), ("my_layer.cpp:3", "Top shape: 1 (1)")) == Age()


def test_long_messages_are_read_in_linear_time() -> None:
    """A pattern that backtracks takes minutes."""
    start = time.process_time()
    of(("net.cpp:125", "[Update] Layer " + ", param blob (owned by layer " * 30_000))
    assert time.process_time() - start < 5


def test_releases_are_in_order() -> None:
    days = [day for _, day in RELEASES]
    assert days == sorted(days)
