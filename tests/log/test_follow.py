"""A log that grows: its file, where it stands, and when it has ended. Nothing here sleeps."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.log.events import Event
from caffetools.log.follow import PAUSE, Live, follow
from caffetools.log.text import CHUNK
from tests.logs import CAFFE, SGD, add, line, lines, train_log

DONE = line("Optimization Done.", CAFFE)


def live(text: str) -> Live:
    found = Live()
    found.feed(text)
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.log"


def test_where_a_run_stands() -> None:
    found = live("max_iter: 500\n" + line("Solving x") + train_log(range(0, 300, 100)))
    assert (found.iteration, found.loss, found.lr) == (200, "200.5", "0.01")
    assert found.train.values == {"v": ["200", "-200"], "loss": ["200.25"]}
    assert (found.max_iter, found.speed, found.seconds_left) == (500, 100, 3)
    assert list(found.events) == [Event(0, "start", "Solving x")]
    assert not found.is_done


def test_the_rate_before_the_loss() -> None:
    found = live(line("Iteration 20, lr = 0.5", SGD) + line("Iteration 20, loss = 3"))
    assert (found.iteration, found.loss, found.lr, found.speed) == (20, "3", "0.5", None)


def test_the_speed_that_caffe_tells_goes_before() -> None:
    log = lines("Iteration 0, loss = 1", "Iteration 50 (8.5 iter/s, 5.9s/50 iters), loss = 1")
    assert live(log).speed == 8.5


def test_no_speed_across_a_restart() -> None:
    log = lines("Iteration 5, loss = 1", "Resuming from x.solverstate", "Iteration 9, loss = 1")
    assert live(log).speed is None


@pytest.mark.parametrize(
    "head", ["max_iter: 4\n", "", "max_iter: 999999999999999999\n"], ids=["past", "untold", "never"]
)
def test_no_forecast(head: str) -> None:
    assert live(head + train_log(range(0, 10, 5))).seconds_left is None


def test_tests() -> None:
    texts = [
        *("Iteration 0, Testing net (#0)", "    Test net output #0: accuracy = 0.1"),
        *("Iteration 50, Testing net (#0)", "    Test net output #0: accuracy = 0.5"),
        *("Iteration 50, Testing net (#1)", "    Test net output #0: loss = 2 (* 1 = 2 loss)"),
    ]
    tests = live(lines(*texts)).tests
    assert {net: (test.iteration, test.values) for net, test in tests.items()} == {
        0: (50, {"accuracy": ["0.5"]}),
        1: (50, {"loss": ["2"]}),
    }


def test_tests_of_the_first_form() -> None:
    texts = ("Iteration 5, loss = 1", "Testing net", "Test score #0: 0.9", "Test score #1: 0.2")
    test = live(lines(*texts)).tests[0]
    assert (test.iteration, test.values) == (5, {"score": ["0.9", "0.2"]})
    assert live(lines("Testing net", "Test loss: 0.25")).tests[0].values == {"loss": ["0.25"]}


def test_a_number_is_shown_once() -> None:
    """Several nets of one process print the same numbers."""
    outputs = [f"    Train net output #{i}: v = {value}" for i, value in ((0, 1), (1, 2), (0, 1))]
    assert live(lines("Iteration 1, loss = 1", *outputs)).train.values == {"v": ["1", "2"]}


def test_what_is_kept_is_bounded() -> None:
    found = live(
        line("Iteration 1, loss = 1")
        + "".join(line(f"    Train net output #{i}: v = 1") for i in range(1000))
        + "".join(line(f"Iteration 1, Testing net (#{i})") for i in range(1000))
        + line("look out", severity="W") * 1000
    )
    assert len(found.train.values["v"]) == len(found.tests) == 100
    assert (len(found.events), found.event_count) == (5, 1000)


@pytest.mark.parametrize(
    ("log", "is_done"),
    [
        (train_log(range(2)) + DONE, True),
        (DONE + line("Solving x"), False),
        (DONE + line("Iteration 1, loss = 1"), False),
        (DONE + line("Resuming from x"), False),
        (DONE + "exit\n", True),
        (line("Optimization stopped early."), False),
    ],
)
def test_done(log: str, *, is_done: bool) -> None:
    assert live(log).is_done is is_done


def test_a_crash_is_an_event() -> None:
    found = live(line("Check failed: x", severity="F") + "Killed\n")
    assert [event.kind for event in found.events] == ["fatal", "fatal"]


@given(st.integers(0, 2**32), st.lists(st.integers(0, 400), max_size=5))
def test_pieces_of_lines_make_no_difference(seed: int, cuts: list[int]) -> None:
    whole = "max_iter: 9\n" + train_log(range(seed % 7)) + DONE * (seed % 2)
    rows = whole.splitlines(keepends=True)
    found = Live()
    ends = [0, *sorted(cuts), len(rows)]
    for start, end in itertools.pairwise(ends):
        found.feed("".join(rows[start:end]))
    at_once = live(whole)
    assert (found.iteration, found.speed, found.train.values, found.is_done) == (
        *(at_once.iteration, at_once.speed, at_once.train.values, at_once.is_done),
    )


@given(st.text(alphabet="I0721 :.]Iteration,loss=lrTesting#()\n\0é", max_size=300))
def test_any_text_is_read(text: str) -> None:
    live(line(text))


class Time:
    """A clock that stands until somebody sleeps; at each sleep the next thing happens."""

    def __init__(self, *happenings: Callable[[], object]) -> None:
        self.now = 0.0
        self.happenings = list(happenings)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds == PAUSE
        self.now += seconds
        self.happenings.pop(0)()


def test_a_run_is_followed_to_its_end(path: Path) -> None:
    happened = Time(
        lambda: path.write_text(train_log(range(0, 20, 10))),
        lambda: None,
        lambda: path.write_text(line("Iteration 30, loss = 1")),
        lambda: add(path, DONE[:20].encode()),
        lambda: add(path, DONE[20:].encode()),
    )
    states = follow(str(path), sleep=happened.sleep, clock=happened.clock)
    found = [(state.iteration, state.is_done) for state in states]
    assert found == [
        *((None, False), (10, False), (10, False), (30, False), (30, False), (30, True)),
        (30, True),
    ]
    assert happened.happenings == []


def test_a_log_that_has_ended_is_told_at_once(path: Path) -> None:
    path.write_text(train_log(range(3000)) + DONE)
    assert path.stat().st_size > 5 * CHUNK
    asleep = Time()
    states = follow(str(path), sleep=asleep.sleep, clock=asleep.clock)
    first = next(states)
    assert 0 < (first.iteration or 0) < 2999
    assert [(state.iteration, state.is_done) for state in states] == [(2999, True)]


def test_a_run_begun_again_in_the_same_file_is_followed_on(path: Path) -> None:
    path.write_text(DONE + line("Solving x"))
    happened = Time(lambda: add(path, DONE.encode()))
    states = list(follow(str(path), sleep=happened.sleep, clock=happened.clock))
    assert re.findall("done|start", " ".join(event.kind for event in states[-1].events)) == [
        *("done", "start", "done"),
    ]
