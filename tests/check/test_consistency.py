"""A logged net against itself."""

from __future__ import annotations

from caffetools.check.consistency import memory_differences, wrong_counts
from caffetools.check.memory import judge
from caffetools.log.age import Age
from caffetools.log.logged_net import LoggedNet
from tests.logs import NET, lines, read

TEXTS = ("Creating Layer a", "a -> a", "Top shape: 2 3 (6)", "Memory required for data: 24")


def net(old: str = "", new: str = "") -> LoggedNet:
    return read(lines(*TEXTS, place=NET).replace(old, new)).nets[0]


def test_counts() -> None:
    assert list(wrong_counts(net())) == []
    (difference,) = wrong_counts(net("(6)", "(7)"))
    assert str(difference) == "line 3: a: top a 2 x 3 in the log, 6 elements, though it counts 7"


def test_memory() -> None:
    """Four bytes for each of 2 * 3 numbers."""
    for logged, expected in (("24", []), ("28", ["28 bytes more"])):
        found = net("24", logged)
        differences = memory_differences(found, Age(), judge(found, Age()))
        assert [difference.logged for difference in differences] == expected
