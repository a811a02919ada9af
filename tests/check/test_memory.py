from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from caffetools.check.memory import BLOBS, INPUTS, NVCAFFES, TOPS, counted, judge, steps
from caffetools.log.age import Age
from caffetools.log.logged_net import LoggedNet
from tests.logs import net_log, read

LAST_DAY = date(2026, 1, 1)


def net(memory: int, **changes: bool) -> LoggedNet:
    """The small net, whose tops have 384, 288, 288 in place and 10 numbers."""
    (found,) = read(net_log()).nets
    return replace(found, memory_bytes=memory, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "memory", "rule"),
    [
        (date(2014, 4, 1), 4 * (384 + 288 + 10), BLOBS),
        (date(2014, 8, 15), 0, INPUTS),
        (date(2014, 9, 1), 4 * (384 + 288 + 288 + 10), TOPS),
        (date(2020, 1, 1), 4 * (384 + 288 + 288 + 10), TOPS),
    ],
)
def test_each_age_counts_in_its_way(day: date, memory: int, rule: object) -> None:
    inputs = 0 if rule is INPUTS else None
    judgement = judge(net(memory), Age(day, day, "x"), inputs)
    assert judgement.rule == getattr(rule, "words", None)
    assert judge(net(memory + 4), Age(day, day, "x"), inputs).rule is None


def test_of_an_unknown_age_every_way_may_be_right() -> None:
    assert judge(net(4 * (384 + 288 + 10)), Age()).rule == BLOBS.words
    assert judge(net(4 * (384 + 2 * 288 + 10)), Age()).rule == TOPS.words
    assert dict(judge(net(5), Age(), 1536).expected) == {
        BLOBS.words: 4 * (384 + 288 + 10),
        INPUTS.words: 1536,
        TOPS.words: 4 * (384 + 2 * 288 + 10),
    }


def test_nvcaffe_rounds_up_to_even_counts() -> None:
    log = net_log(("2 5 (10)", "3 3 (9)"))
    (found,) = read(log).nets
    numbers = 384 + 288 + 288 + 10
    for rule, size in zip(NVCAFFES, (4, 2), strict=True):
        logged = replace(found, memory_bytes=size * numbers, is_nvcaffe=True)
        assert judge(logged, Age()).rule == rule.words


def test_without_every_shape_nothing_is_judged() -> None:
    (found,) = read(net_log(("Top shape: 2 5 (10)", "Nothing"))).nets
    assert judge(found, Age()) == (None, ())


def test_what_is_in_place_is_the_blob_of_its_bottom() -> None:
    tops = list(counted(net(0)))
    assert [top.elements for top in tops] == [384, 288, 288, 10]
    assert tops[1].blob == tops[2].blob
    assert len({top.blob for top in tops}) == 3


def test_steps() -> None:
    found = [(layer.name, *sizes) for layer, *sizes in steps(net(0))]
    assert found == [
        ("data", 1536, 1536),
        ("conv", 1152, 1152),
        ("relu", 1152, 1152),
        ("fc", 40, 40),
    ]
