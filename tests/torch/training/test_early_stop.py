from __future__ import annotations

import pytest
from torch import tensor

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.early_stop import EarlyStop


def stops(early: EarlyStop, accuracies: list[float], losses: list[float]) -> list[int]:
    """The tests, 100 iterations apart, at which the run would stop."""
    found = []
    for index, (accuracy, loss) in enumerate(zip(accuracies, losses, strict=True)):
        outputs = {"accuracy": tensor(accuracy), "loss": tensor(loss)}
        if early.reason(100 * index, outputs, {"loss": 1.0}, tensor(loss)):
            found.append(index)
    return found


ACCURACIES, LOSSES = [0.1, 0.5, 0.4, 0.5, 0.6], [3.0, 2.0, 1.0, 1.5, 1.0]


@pytest.mark.parametrize(
    ("early", "expected"),
    [
        pytest.param(EarlyStop(2), [4], id="the loss: best at 2, as good at 4"),
        pytest.param(EarlyStop(1), [3, 4], id="one test is enough"),
        pytest.param(EarlyStop(2, "accuracy"), [3], id="best at 1, equal at 3, better at 4"),
        pytest.param(EarlyStop(3, "accuracy"), [], id="more patience"),
        pytest.param(EarlyStop(2, "loss"), [4], id="an output with a loss weight: lower is better"),
    ],
)
def test_when_a_run_stops(early: EarlyStop, expected: list[int]) -> None:
    assert stops(early, ACCURACIES, LOSSES) == expected


def test_the_reason() -> None:
    early = EarlyStop(1)
    assert early.reason(0, {}, {"loss": 1.0}, tensor(0.5)) == ""
    text = "Early stop at iteration 200: loss 0.5 of iteration 0 was not improved in 1 tests"
    assert early.reason(200, {}, {"loss": 1.0}, tensor(0.75)) == text


def test_a_test_net_without_a_loss() -> None:
    """Detections: the mean average precision of the first output."""
    early = EarlyStop(1)
    found = [
        early.reason(at, {"map": tensor(value)}, {}, tensor(0.0))
        for at, value in enumerate((0.25, 0.5, 0.5))
    ]
    assert found[:2] == ["", ""]
    assert "map 0.5 of iteration 1" in found[2]


def test_nan_is_no_improvement() -> None:
    early = EarlyStop(2)
    found = [early.reason(0, {}, {"l": 1.0}, tensor(each)) for each in (1.0, float("nan"), 2.0)]
    assert [bool(each) for each in found] == [False, False, True]


def test_an_output_that_is_missing() -> None:
    message = "expected an output 'top-1' of the first test net, found 'accuracy', 'loss'"
    with pytest.raises(CaffeToolsError, match=message):
        stops(EarlyStop(1, "top-1"), [0.5], [1.0])
