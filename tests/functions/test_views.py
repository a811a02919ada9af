"""Functions that show nets and logs."""

from __future__ import annotations

from pathlib import Path

import pytest

import caffetools

LENET = str(Path(__file__).parents[2] / "examples" / "lenet" / "deploy.prototxt")


def test_draw_stages(tmp_path: Path) -> None:
    caffetools.draw(LENET, tmp_path / "out", stages=True, batch_size=1)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["1_conv1.svg", "2_conv2.svg", "3_ip1.svg", "4_ip2.svg", "all.svg"]


def test_a_loaded_net_takes_no_options(tmp_path: Path) -> None:
    net = caffetools.load(LENET)
    with pytest.raises(TypeError, match="a loaded net takes no options, found phase"):
        caffetools.draw(net, tmp_path / "net.svg", phase="test")
    caffetools.draw(net, tmp_path / "net.svg")
    with pytest.raises(caffetools.CaffeToolsError, match="file exists"):
        caffetools.draw(net, tmp_path / "net.svg")
    caffetools.draw(net, tmp_path / "net.dot", force=True)
    assert (tmp_path / "net.dot").read_text("utf-8").startswith("digraph")


def test_report_compares_a_log_with_the_net_of_a_path(tmp_path: Path) -> None:
    net = caffetools.load(LENET)
    log = tmp_path / "train.log"
    from caffetools.net.caffe_log import caffe_log_lines

    log.write_text("\n".join(caffe_log_lines(net.inferred)), "utf-8")
    for given in (LENET, net):
        path = tmp_path / f"{type(given).__name__}.html"
        assert caffetools.report(given, path, [log]) == list(net.notes)
        assert "LeNet" in path.read_text("utf-8")


def test_more_names_than_logs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="found 2 names for 1 logs"):
        caffetools.plot("train.log", tmp_path / "a.svg", names=["a", "b"])
    assert list(tmp_path.iterdir()) == []
