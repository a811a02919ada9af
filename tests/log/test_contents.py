"""All that a log tells, read of one log that has something of everything."""

from __future__ import annotations

from tests.logs import CAFFE, SOLVER, line, net_log, read, train_log

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
