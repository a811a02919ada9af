from __future__ import annotations

from pathlib import Path

import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.detection_scores import (
    Detection,
    DetectionScores,
    average_precision,
)
from tests.torch.training.test_caffe_curves import rows, run_as_caffe

FOUND = [Detection(0.9, True), Detection(0.5, True), Detection(0.8, False), Detection(0.1, False)]
"""By score: right, wrong, right, wrong; of 4 objects recalls 1/4, 1/4, 2/4, 2/4."""


@pytest.mark.parametrize(
    ("version", "area"),
    [
        # Precision 1 at recalls 0, 0.1, 0.2, and 2/3 at 0.3, 0.4, 0.5.
        ("11point", (3 * 1 + 3 * 2 / 3) / 11),
        ("MaxIntegral", 1 / 4 * 1 + 1 / 4 * 2 / 3),
        ("Integral", 1 / 4 * 1 + 1 / 4 * 2 / 3),
    ],
)
def test_average_precision(version: str, area: float) -> None:
    assert average_precision(FOUND, 4, version) == pytest.approx(area)


def test_the_ways_differ() -> None:
    """Wrong, right, right: precisions 0, 1/2, 2/3 at recalls 0, 1/2, 1."""
    found = [Detection(0.9, False), Detection(0.8, True), Detection(0.7, True)]
    assert average_precision(found, 2, "Integral") == pytest.approx(0.5 / 2 + 0.5 * 2 / 3)
    assert average_precision(found, 2, "MaxIntegral") == pytest.approx(2 / 3)
    assert average_precision(found, 2, "11point") == pytest.approx(2 / 3)


@pytest.mark.parametrize("version", ["11point", "MaxIntegral", "Integral"])
def test_bounds(version: str) -> None:
    assert average_precision([Detection(0.5, True)] * 3, 3, version) == pytest.approx(1)
    assert average_precision([], 3, version) == 0
    assert average_precision([Detection(0.5, False)], 0, version) == 0


def test_detections_of_equal_score_keep_their_order() -> None:
    first = [Detection(0.5, True), Detection(0.5, False)]
    assert average_precision(first, 1, "Integral") == 1
    assert average_precision(first[::-1], 1, "Integral") == 0.5


def test_batches_are_collected() -> None:
    """Rows (-1, class, objects, -1, -1), then (item, class, score, right, wrong)."""
    scores = DetectionScores("Integral")
    head = [[-1, 1, 2, -1, -1], [-1, 2, 1, -1, -1]]
    one = [*head, [0, 1, 0.9, 1, 0], [0, 1, 0.8, 0, 0], [0, 1, 0.7, 0, 1]]
    two = [*head, [0, 1, 0.95, 1, 0]]
    for batch in (one, two):
        scores.add({"eval": torch.tensor(batch, dtype=torch.float32).reshape(1, 1, -1, 5)})
    assert scores.precisions() == {"eval": {1: pytest.approx(2 / 4), 2: 0}}


def test_other_outputs() -> None:
    with pytest.raises(CaffeToolsError, match=r"outputs of 5 columns, found \(2, 3\) for 'loss'"):
        DetectionScores("Integral").add({"loss": torch.zeros(2, 3)})
    scores = DetectionScores("Integral", lambda _: {})
    scores.add({"loss": torch.zeros(2, 3)})
    assert scores.precisions() == {}


def test_a_run_is_that_of_the_fork(
    caffe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty iterations of a small SSD: all losses and the mean average precision of each test."""
    pytest.importorskip("cv2")
    golden = caffe / "ssd_training" / "sgd_11point"
    ours, ours_tested = rows(run_as_caffe(tmp_path, golden, monkeypatch))
    theirs, theirs_tested = rows(golden / "caffe.log")
    assert list(ours) == list(theirs) == list(range(61))
    for number, row in theirs.items():
        assert ours[number]["loss"] == pytest.approx(row["loss"], rel=1e-4)
    assert list(ours_tested) == [0, 20, 40, 60]
    for number, row in theirs_tested.items():
        expected = row["outputs"]["detection_eval"]
        assert ours_tested[number]["outputs"]["detection_eval"] == pytest.approx(expected, abs=7e-3)
