"""What kind of event a message is."""

from __future__ import annotations

import pytest

from caffetools.log.events import (
    KEPT,
    Event,
    Events,
    event_iteration,
    is_crash,
    kind_by_severity,
    kind_of,
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Solving LeNet", "start"),
        ("Snapshotting to binary proto file x", "snapshot"),
        ("Optimization Done.", "done"),
        ("Optimization stopped early.", "stopped"),
        ("Iteration 0", ""),
    ],
)
def test_kind_of(text: str, kind: str) -> None:
    assert kind_of(text) == kind


@pytest.mark.parametrize(
    ("kind", "text", "iteration"),
    [
        ("snapshot", "Snapshotting to binary proto file a_iter_5/b_iter_40.caffemodel", 40),
        ("snapshot", "Snapshotting to caffe_iter_40", 40),
        ("resume", "Resuming from x_iter_40.solverstate", 40),
        ("snapshot", "Snapshotting to x_iter_40_final.caffemodel", 30),
        ("finetune", "Finetuning from x_iter_40.caffemodel", 30),
        ("snapshot", "Snapshotting to x", 30),
    ],
)
def test_a_snapshot_has_the_iteration_of_its_name(kind: str, text: str, iteration: int) -> None:
    assert event_iteration(kind, text, 30) == iteration


def test_kind_by_severity() -> None:
    assert kind_by_severity("F", "Check failed") == "fatal"
    assert kind_by_severity("E", "out of luck") == "error"
    assert kind_by_severity("E", "Starting Optimization") == ""
    assert kind_by_severity("I", "hello") == ""


def test_crashes() -> None:
    assert is_crash("*** SIGSEGV (@0x0)")
    assert not is_crash("all is well")


def test_many_events_are_counted_and_few_kept() -> None:
    events = Events()
    for i in range(KEPT + 5):
        events.add(Event(i, "error", "w"))
    assert len(events.kept) == KEPT
    assert events.counts["error"] == KEPT + 5


def test_a_repeated_warning_is_one_event() -> None:
    events = Events()
    for text in ("do_neg_mining is deprecated", "other", "do_neg_mining is deprecated"):
        events.add(Event(len(events.kept), "warning", text))
    assert [(event.message, event.times) for event in events.kept] == [
        ("do_neg_mining is deprecated", 2),
        ("other", 1),
    ]
    assert events.counts["warning"] == 3
