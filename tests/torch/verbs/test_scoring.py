"""Tests of nets: means, Caffe's lines, what real Caffe logged of the digits."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
import torch

from caffetools.check.parsed_log import ParsedLog
from caffetools.errors import CaffeToolsError
from caffetools.log.parser import read_log
from caffetools.net.loading import load
from caffetools.torch.training.glog_writer import GlogWriter
from caffetools.torch.verbs.scoring import Score, score
from tests.torch.verbs.nets import folder

CPU = torch.device("cpu")


def scored(path: Path, iterations: int, weights: str = "net.caffemodel") -> tuple[Score, str]:
    """The result of a test, and its log."""
    log = io.StringIO()
    loaded = load(path / "net.prototxt", "test")
    return score(loaded, [str(path / weights)], iterations, CPU, GlogWriter(log)), log.getvalue()


def test_a_tiny_net(tmp_path: Path) -> None:
    """Scores 0 12 22, 10 12 12, 20 12 2, 5 12 17 of labels 0, 1, 2, 2: only the last is right."""
    found, log = scored(folder(tmp_path), 2)
    assert found.outputs["accuracy"] == [(0 + 0.5) / 2]
    assert found.loss == pytest.approx(2 * found.outputs["loss"][0])
    assert found.classes is not None
    assert found.classes.confusion.tolist() == [[0, 0, 1], [0, 0, 1], [1, 0, 1]]
    assert [(item.margin, item.name[-10:]) for item in found.classes.ranked()] == [
        (22, "list.txt:1"),
        (18, "list.txt:3"),
        (0, "list.txt:2"),
    ]
    lines = [line.partition("] ")[2] for line in log.splitlines()]
    assert "Batch 0, accuracy = 0" in lines
    loss = f"{found.outputs['loss'][0]:.6g}"
    assert f"Loss: {found.loss:.6g}" in lines
    assert lines[-1] == f"loss = {loss} (* 2 = {found.loss:.6g} loss)"


def test_parse_log_reads_the_lines(tmp_path: Path) -> None:
    _, log = scored(folder(tmp_path), 2)
    (tmp_path / "log").write_text(log)
    parsed = ParsedLog(read_log(tmp_path / "log"))
    data = parsed.to_dict()
    assert [row["batch"] for row in data["batches"]] == [0, 1]
    assert data["scores"][0]["outputs"]["accuracy"] == [0.25]


def test_missing_data_has_a_place(tmp_path: Path) -> None:
    path = folder(tmp_path)
    (path / "list.txt").unlink()
    with pytest.raises(CaffeToolsError, match=r"net.prototxt:3:22: .*list.txt"):
        scored(path, 1)


def test_a_detector_has_the_precision_that_real_caffe_logged(shared: Path) -> None:
    run = shared / "golden" / "ssd_training" / "sgd_11point"
    told = re.findall(r"detection_eval = (\S+)", (run / "caffe.log").read_text())
    loaded = load(run / "test.prototxt", "test")
    for name, number in (("init", told[0]), ("final", told[-1])):
        log = io.StringIO()
        weights = [str(run / f"{name}.caffemodel")]
        (by_class,) = score(loaded, weights, 5, CPU, GlogWriter(log)).precisions.values()
        assert f"{sum(by_class.values()) / len(by_class):.6g}" == number
        assert f"] detection_eval = {number}\n" in log.getvalue()


def test_real_caffe_had_the_same_scores(caffe: Path) -> None:
    """The first test of a training run, of the weights that it began with."""
    run = caffe / "training" / "sgd_fixed"
    log = (run / "caffe.log").read_text()
    told = [
        line.rpartition("= ")[2].split()[0]
        for line in log.splitlines()
        if "Test net output" in line
    ]
    loaded = load(run / "train_val.prototxt", "test")
    weights = [str(run / "init.caffemodel")]
    found = score(loaded, weights, 5, CPU, GlogWriter(None))
    assert f"{found.outputs['accuracy'][0]:.6g}" == told[0]
    assert f"{found.loss:.6g}" in log
