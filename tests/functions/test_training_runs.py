"""`train` as a function: the files of a run, and mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

import caffetools

NET = """
layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 2 dim: 3 } } }
layer { name: "t" type: "DummyData" top: "t" dummy_data_param { shape { dim: 2 dim: 1 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 1 } }
layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "t" top: "loss" }
"""
SOLVER = 'net: "net.prototxt" base_lr: 0.1 lr_policy: "fixed" max_iter: 2 snapshot_prefix: "s"'


def test_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(NET, "utf-8")
    Path("solver.prototxt").write_text(SOLVER, "utf-8")
    caffetools.train("solver.prototxt", max_iter=1)
    assert Path("s_iter_1.caffemodel").exists()
    assert "Optimization Done." in capfd.readouterr().err
    caffetools.train("solver.prototxt", snapshot="s_iter_1.solverstate")
    assert Path("s_iter_2.solverstate").exists()
    caffetools.train("solver.prototxt", weights="s_iter_2.caffemodel", max_iter=0)
    with pytest.raises(caffetools.CaffeToolsError, match="no such file"):
        caffetools.train("none.prototxt")
    Path("solver.prototxt").write_text(SOLVER.replace('"s"', '"gone/s"'), "utf-8")
    with pytest.raises(caffetools.CaffeToolsError, match="snapshots cannot be written") as caught:
        caffetools.train("solver.prototxt")
    assert str(caught.value).startswith("solver.prototxt:1:")
