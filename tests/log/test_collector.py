"""Which reader a message goes to."""

from __future__ import annotations

import pytest

from caffetools.log.collector import LogCollector
from caffetools.log.prefix import messages
from tests.logs import CAFFE, NET, SGD, SOLVER, line, lines, net_log, read, train_log


def is_known(readers: LogCollector, text: str, place: str, severity: str = "I") -> bool:
    (message,) = messages(1, line(text, place, severity=severity).rstrip("\n"))
    return readers.read(message)


@pytest.mark.parametrize(
    ("text", "place", "known"),
    [
        ("Creating Layer a", NET, True),
        ("a -> b", NET, True),
        ("Top shape: 1 2 (2)", NET, True),
        ("Iteration 5, loss = 1", SOLVER, True),
        ("Iteration 5, lr = 1", SGD, True),
        ("Solving small", SOLVER, True),
        ("a forward: 1.5 ms.", CAFFE, True),
        ("Batch 0, a = 1", CAFFE, True),
        ("[0] Iteration 5, loss = 1", SOLVER, True),
        ("(0.0) Iteration 5, loss = 1", SOLVER, True),
        ("[Forward] Layer a, top blob b data: 1", NET, True),
        ("good morning", "data_layer.cpp:1", False),
        ("Iteration without a number", SOLVER, False),
    ],
)
def test_messages_that_tell_something(text: str, place: str, *, known: bool) -> None:
    assert is_known(LogCollector(), text, place) is known


@pytest.mark.parametrize(
    ("severity", "known"), [("I", False), ("W", True), ("E", True), ("F", True)]
)
def test_severities(severity: str, *, known: bool) -> None:
    assert is_known(LogCollector(), "good morning", "data_layer.cpp:1", severity) is known


def test_a_place_that_prints_two_forms() -> None:
    """What a place printed once decides nothing for ever."""
    readers = LogCollector()
    assert is_known(readers, "Iteration 5, loss = 1", "solver.cpp:9")
    assert is_known(readers, "Solving small", "solver.cpp:9")
    assert not is_known(readers, "good morning", "solver.cpp:9")


def test_other_files_that_tell_nothing_are_not_asked_again() -> None:
    readers = LogCollector()
    assert not is_known(readers, "good morning", "data_layer.cpp:1")
    assert not is_known(readers, "good morning", SOLVER)
    assert readers.silent == {"data_layer.cpp:1"}


def test_events_know_their_iteration_and_time() -> None:
    found = read(lines("Solving small", "Iteration 70, loss = 1", "Snapshotting to x"))
    assert [(event.kind, event.line, event.iteration, event.seconds) for event in found.events] == [
        ("start", 1, 0, 0.0),
        ("snapshot", 3, 70, 2.0),
    ]


def test_what_stands_in_an_echo_that_is_not_its_own() -> None:
    log = (
        line("Initializing solver from parameters: ", SOLVER)
        + "base_lr: 1\nmake: nothing to be done\n"
    )
    found = read(log + line("Solving small"))
    assert [echo.text for echo in found.solvers] == ["base_lr: 1\n"]
    assert found.skipped_lines == 1


def test_test_nets_that_come_late_know_the_year() -> None:
    log = "Log file created at: 2015/07/21 10:38:15\n" + lines(
        "Iteration 0, loss = 1", "Iteration 0, Testing net (#0)", "    Test net output #0: a = 1"
    )
    assert [row.time for row in read(log).tests[0].rows()] == ["2015-07-21T10:00:01.000000"]


def test_nvcaffe_tells_its_name_and_the_year() -> None:
    told = "This is NVCaffe 0.16.5 started at Sun Feb 28 23:59:59 2016"
    log = line(told, CAFFE, "0228 23:59:59.000000") + line(
        "Iteration 0, loss = 1", SOLVER, "0229 00:00:01.000000"
    )
    found = read(log)
    assert [row.time for row in found.train.rows()] == ["2016-02-29T00:00:01.000000"]
    assert "NVCaffe 0.16.5" in (found.caffe.fork or "")


LOG = (
    net_log()
    + line("Initializing solver from parameters: ", CAFFE)
    + 'base_lr: 0.01\nnet: "small.prototxt"\n'
    + line("Solving small")
    + train_log(range(0, 30, 10))
    + line("Iteration 20, Testing net (#1)")
    + line("    Test net output #0: accuracy = 0.5")
    + "make: nothing to be done\n"
    + line("Snapshotting to binary proto file x.caffemodel", SOLVER)
    + line("Batch 0, accuracy = 0.25", CAFFE)
    + line("Loss: 1.5", CAFFE)
    + line("accuracy = 0.25", CAFFE)
    + line("conv\tforward: 1.5 ms.", CAFFE)
    + line("Optimization Done.")
)


def test_every_part_is_where_it_belongs() -> None:
    found = read(LOG)
    assert found.name == "<log>"
    assert found.lines == LOG.count("\n")
    assert found.skipped_lines == 1  # make's
    assert [len(net.layers) for net in found.nets] == [4]
    assert [echo.text for echo in found.solvers] == ['base_lr: 0.01\nnet: "small.prototxt"\n']
    assert list(found.train.iterations()) == [0, 10, 20]
    assert {net: list(curve.iterations()) for net, curve in found.tests.items()} == {1: [20]}
    assert list(found.batches.iterations()) == [0]
    assert [score.loss for score in found.scores] == ["1.5"]
    assert [(timing.layer, timing.way) for timing in found.timings] == [("conv", "forward")]
    assert len(found.debug_info) == 0
    assert [event.kind for event in found.events] == ["start", "snapshot", "done"]
    assert found.event_counts == {"start": 1, "snapshot": 1, "done": 1}
    assert found.epoch is None


def test_a_log_of_nothing() -> None:
    found = read("")
    assert (found.lines, found.skipped_lines, found.nets, found.events) == (0, 0, (), ())
    assert len(found.train) == len(found.tests) == len(found.scores) == 0
