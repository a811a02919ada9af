"""The Python layers of Caffe's own examples."""

from __future__ import annotations

from tests.torch.emission import lines


def test_euclidean_loss() -> None:
    layer = 'Python python_param { module: "pyloss" layer: "EuclideanLossLayer" } loss_weight: 1'
    assert lines(layer, (4, 3), (4, 3)) == ["y = euclidean_loss(a, b).reshape(1)"]
