from __future__ import annotations

import pytest

from caffetools.torch.training.smoothing import SmoothedLoss


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
