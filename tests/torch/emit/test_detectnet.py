"""The Python layers of DetectNet."""

from __future__ import annotations

import pytest

from caffetools.errors import CaffeToolsError
from tests.torch.emission import Shape, lines


def layer(module: str, name: str, options: str = "") -> str:
    module = f"caffe.layers.detectnet.{module}"
    return f'Python python_param {{ module: "{module}" layer: "{name}" param_str: "{options}" }}'


def grids(classes: int) -> list[Shape]:
    return [(2, classes, 22, 78), (2, 4, 22, 78)]


def test_clusters() -> None:
    text = layer("clustering", "ClusterGroundtruth", "1248,352,16")
    call = "cluster_ground_truth(a, b, (352, 1248), 16)"
    assert lines(text, *grids(1)) == [f"y = {call}[0]"]
    text = layer("clustering", "ClusterGroundtruth", "1248, 352, 16, 2")
    assert lines(text, *grids(2), tops=2) == [f"y, y1 = {call}"]
    text = layer("clustering", "ClusterDetections", "1248,352,16,0.6,3,0.02,22")
    options = "threshold=0.6, group_threshold=3, eps=0.02, min_height=22"
    call = f"cluster_detections(a, b, (352, 1248), 16, {options})"
    assert lines(text, *grids(1)) == [f"y = {call}[0]"]


@pytest.mark.parametrize("options", ["1248,352,16,0.6,3.5,0.02,22", "1248,352,16,0.6,x,0.02,22"])
def test_refused_clusters(options: str) -> None:
    with pytest.raises(CaffeToolsError, match="expected 7 numbers in param_str, found '1248"):
        lines(layer("clustering", "ClusterDetections", options), *grids(1))


def test_scores() -> None:
    lists: list[Shape] = [(2, 50, 5), (2, 50, 5)]
    assert lines(layer("mean_ap", "ScoreDetections"), *lists) == ["y = score_detections(a, b)"]
    assert lines(layer("mean_ap", "mAP"), lists[0], tops=3) == [
        "y, y1, y2 = mean_average_precision(a)"
    ]
