"""`caffetools report`: the page that it writes."""

from __future__ import annotations

from pathlib import Path

from tests.commands import ROOT, run
from tests.pages.test_log_section import HEAD, LINES

LENET = ROOT / "examples" / "lenet" / "deploy.prototxt"


def test_a_page(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    assert run("report", LENET, "-o", path) == (0, "", "")
    text = path.read_text("utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert str(LENET) in text


def test_logs(tmp_path: Path) -> None:
    log, page = tmp_path / "a.log", tmp_path / "report.html"
    log.write_text("".join(f"{HEAD.format(i)}{line}\n" for i, line in enumerate(LINES)))
    assert run("report", LENET, "--log", log, "--log", log, "-o", page).status == 0
    text = page.read_text("utf-8")
    assert '<section id="log-0"' in text
    assert '<section id="log-1"' in text


def test_a_net_from_standard_input(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert run("report", "-", "-o", page, stdin=LENET.read_bytes()).status == 0


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("mine")
    told = f"{page}: file exists; use --force to overwrite\n"
    assert run("report", LENET, "-o", page) == (1, "", told)
    assert run("report", LENET, "-o", page, "--force").status == 0


def test_weights_that_are_none(tmp_path: Path) -> None:
    weights = tmp_path / "w.caffemodel"
    weights.write_bytes(b"")
    status, _, told = run("report", LENET, "--weights", weights, "-o", tmp_path / "report.html")
    assert (status, told) == (1, f"{weights}: the file is empty: expected weights\n")
    assert not (tmp_path / "report.html").exists()


def test_weights(caffe: Path, tmp_path: Path) -> None:
    folder, page = caffe / "training" / "sgd_fixed", tmp_path / "report.html"
    net, weights = folder / "train_val.prototxt", folder / "final.caffemodel"
    shape = "data=8,1,8,8"
    status = run(
        *("report", net, "--weights", weights, "--phase", "test", "--input-shape", shape),
        *("-o", page),
    ).status
    assert status == 0
    assert page.read_text("utf-8").count("histogram-") >= 8
