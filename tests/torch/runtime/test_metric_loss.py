"""CenterLoss and TripletLoss, by hand; real Caffe's results are in test_caffe_layers.py."""

from __future__ import annotations

import pytest
import torch

from caffetools.torch.runtime.metric_loss import CenterLoss, triplet_loss
from tests.torch.cases import check_runs_everywhere, gradients


@pytest.mark.parametrize(
    ("kind", "loss", "by_x", "by_center"),
    [
        # Differences 1 3 and -2 of two items of class 0: (1 + 9 + 4) / 2 over 2.
        ("L2", 14 / 2 / 2, [0.5, 1.5, -1, 0], [-(1 - 2) / 3, -3 / 3, 0, 0]),
        # Signs 1 1 and -1 0; the gradient of a centre is added once for each of the 2 items.
        ("L1", 6 / 2, [0.5, 0.5, -0.5, 0], [-(1 - 1) / 3 * 2, -1 / 3 * 2, 0, 0]),
    ],
)
@pytest.mark.parametrize("weight", [1.0, 5.0])
def test_center_loss(
    kind: str, loss: float, by_x: list[float], by_center: list[float], weight: float
) -> None:
    module = CenterLoss(2, 2, kind)
    with torch.no_grad():
        module.center[0] = torch.tensor([10.0, 20])
    x = torch.tensor([[11.0, 23], [8, 20]], requires_grad=True)
    y = module(x, torch.tensor([0.0, 0]))
    assert y.item() == pytest.approx(loss)
    ours, centers = gradients(weight * y, x, module.center)
    assert ours.flatten().tolist() == pytest.approx([weight * each for each in by_x])
    assert centers.flatten().tolist() == pytest.approx(by_center)


def test_triplet_loss() -> None:
    """Squared distances 1 and 4, then 9 and 1; margin 2: (0 + 10) / 2 / 2."""
    anchor = torch.zeros(2, 2, requires_grad=True)
    like = torch.tensor([[1.0, 0], [0, 3]], requires_grad=True)
    unlike = torch.tensor([[0.0, 2], [1, 0]], requires_grad=True)
    loss = triplet_loss(anchor, like, unlike, 2.0)
    assert loss.item() == 10 / 2 / 2
    found = [each.tolist() for each in gradients(loss, anchor, like, unlike)]
    assert found == [
        [[0, 0], [0.5, -1.5]],
        [[0, 0], [0, 1.5]],
        [[0, 0], [-0.5, 0]],
    ]


def test_runs_everywhere() -> None:
    x = torch.randn(3, 4)
    check_runs_everywhere(CenterLoss(5, 4), x, torch.tensor([0.0, 4, 2]))
    check_runs_everywhere(triplet_loss, x, x.flip(0), x.flip(1))
