"""Times of layers: that each is measured, backward where Caffe goes back, and Caffe's lines."""

from __future__ import annotations

import io

import pytest
import torch

from caffetools.torch.training.glog_writer import GlogWriter
from caffetools.torch.verbs.layer_times import LayerTimes, NetTimes, Times, time_net
from tests.nets import given, inner_product, layer, net

CPU = torch.device("cpu")
NET = (
    given("data", 2, 4)
    + given("label", 2)
    + inner_product("fc", "data", 3)
    + layer("ReLU", "relu", "fc", "fc")
    + layer("Dropout", "drop", "fc", "fc")
    + layer("Slice", "slice", "fc", "a b c")
    + layer("Concat", "cat", "c b a", "cat")
    + layer("SoftmaxWithLoss", "loss", "cat label", "loss")
)


def timed(text: str, phase: str = "TRAIN") -> tuple[NetTimes, list[str]]:
    log = io.StringIO()
    found = time_net(net(text, phase), [], 3, CPU, GlogWriter(log))
    return found, [line.partition("] ")[2] for line in log.getvalue().splitlines()]


def test_each_layer_is_measured() -> None:
    found, lines = timed(NET)
    assert [each.name for each in found.layers] == ["fc", "relu", "drop", "slice", "cat", "loss"]
    assert all(len(each.times.forward) == len(each.times.backward) == 3 for each in found.layers)
    assert len(found.whole.forward) == len(found.whole.backward) == len(found.sums("forward")) == 3
    assert found.layers[0].macs == 2 * 3 * 4
    assert found.peak_bytes > 0
    assert lines[0] == "Performing Forward"
    assert lines[3:5] == ["*** Benchmark begins ***", "Testing for 3 iterations."]
    assert lines[8].startswith("Average time per layer")
    assert lines[9].startswith("        fc\tforward: ")
    assert lines[-1] == "*** Benchmark ends ***"


def test_no_layer_goes_back_without_parameters_to_learn() -> None:
    found, _ = timed(given("data", 2, 4) + layer("ReLU", "relu", "data", "y"), "TEST")
    assert (found.layers[0].times.backward, found.whole.backward) == ([], [])
    assert found.sums("backward") == []


def test_shared_parameters() -> None:
    shared = 'param { name: "w" } param { name: "b" }'
    text = given("data", 2, 3) + inner_product("f", "data", 3, shared)
    text += inner_product("g", "f", 3, shared) + given("y", 2, 3)
    found, _ = timed(text + layer("EuclideanLoss", "loss", "g y", "loss"))
    assert [len(each.times.backward) for each in found.layers] == [3, 3, 3]


@pytest.mark.parametrize(
    ("macs", "forward", "expected"),
    [(500, [1.0, 2.0, 9.0], 2 * 500 / 2e-3 / 1e9), (0, [1.0], None), (5, [], None)],
)
def test_operations_a_second(macs: int, forward: list[float], expected: float | None) -> None:
    assert LayerTimes("a", "b", macs, Times(forward)).gflops == (
        None if expected is None else pytest.approx(expected)
    )
