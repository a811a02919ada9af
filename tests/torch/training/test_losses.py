from __future__ import annotations

import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.losses import Losses, SmoothedLoss
from caffetools.torch.training.parallel import World

ALONE = World(torch.device("cpu"))


def losses(*, at_once: bool) -> Losses:
    return Losses(ALONE, 2, at_once=at_once)


def test_at_once() -> None:
    """A mean of two: 1, then (1 + 3) / 2."""
    given = losses(at_once=True)
    for loss, mean in ((1.0, 1.0), (3.0, 2.0)):
        given.add(torch.tensor(loss))
        assert not given.wait
        assert given.smoothed.value == mean


def test_some_wait_until_they_are_looked_at() -> None:
    given = losses(at_once=False)
    for loss in (1.0, 3.0):
        given.add(torch.tensor(loss))
    assert given.wait
    assert given.smoothed.count == 0
    given.fetch()
    given.fetch()
    assert (given.smoothed.count, given.smoothed.value) == (2, 2.0)


def test_not_too_many_wait() -> None:
    given = losses(at_once=False)
    for loss in range(21):
        given.add(torch.tensor(float(loss)))
    assert not given.wait
    assert (given.smoothed.count, given.smoothed.value) == (21, 19.5)


@pytest.mark.parametrize("loss", [float("inf"), float("nan")])
def test_what_is_not_finite_is_an_error(loss: float) -> None:
    given = losses(at_once=True)
    given.check_finite(0)
    given.add(torch.tensor(loss))
    with pytest.raises(
        CaffeToolsError,
        match=f"the loss is {loss:g} at iteration 7: training.*; use a lower base_lr",
    ):
        given.check_finite(7)


@pytest.mark.parametrize(
    ("average_loss", "expected"),
    [
        (1, [4.0, 2.0, 6.0, 8.0]),
        (2, [4.0, 3.0, 4.0, 7.0]),
        (3, [4.0, 3.0, 4.0, (2 + 6 + 8) / 3]),
        (9, [4.0, 3.0, 4.0, 5.0]),
    ],
)
def test_the_mean_of_the_last(average_loss: int, expected: list[float]) -> None:
    smoothed = SmoothedLoss(average_loss)
    found = []
    for loss in (4.0, 2.0, 6.0, 8.0):
        smoothed.add(loss)
        found.append(smoothed.value)
    assert found == pytest.approx(expected)
    assert smoothed.count == 4
    assert len(smoothed.losses) == min(average_loss, 4)
