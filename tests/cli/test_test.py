"""`caffetools test`: formats, the confusion matrix, a log that is read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import Ran, run
from tests.torch.verbs.nets import folder


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    (tmp_path / "labels").write_text("cat\ndog\n")
    return folder(tmp_path)


def answer(path: Path, *options: str | Path) -> Ran:
    model = ("--model", path / "net.prototxt", "--weights", path / "net.caffemodel")
    return run("test", *model, "--iterations", "2", "--labels", path / "labels", *options)


def test_a_table(tiny: Path) -> None:
    ran = answer(tiny)
    words = [line.split() for line in ran.out.splitlines() if line]
    assert ["accuracy", "0.25"] in words
    assert ["cat", "1", "0", "0"] in words
    assert ["2", "2", "1", "0.5"] in words
    assert ["cat", "2", "22"] in [each[-3:] for each in words]
    (tiny / "log").write_text(ran.err)
    told = run("parse-log", tiny / "log").out
    assert any(
        line.startswith("score    line") and "accuracy = 0.25" in line for line in told.splitlines()
    )


def test_data(tiny: Path) -> None:
    data = json.loads(answer(tiny, "--format", "json").out)
    assert data["outputs"]["accuracy"] == [0.25]
    assert {"mean of": "accuracy", "value": 0.25} in data["means"]
    assert data["classes"][1] == {"class": "dog", "items": 1, "right": 0, "accuracy": 0.0}
    assert data["confusion"] == [[0, 0, 1], [0, 0, 1], [1, 0, 1]]
    assert data["worst"][0]["label"] == "cat"
    lines = answer(tiny, "--format", "csv").out.splitlines()
    assert lines[0] == "mean of,value"
    assert "accuracy,0.25" in lines


def test_the_confusion_matrix(tiny: Path) -> None:
    assert answer(tiny, "--confusion", tiny / "c.csv").status == 0
    assert (tiny / "c.csv").read_text() == "label,cat,dog,2\ncat,0,0,1\ndog,0,0,1\n2,1,0,1\n"
    assert answer(tiny, "--confusion", tiny / "c.png").status == 0
    assert (tiny / "c.png").read_bytes().startswith(b"\x89PNG")
    ran = answer(tiny, "--confusion", tiny / "c.txt", "--force")
    assert (ran.status, ran.err) == (
        1,
        f"{tiny / 'c.txt'}: file extension expected one of .csv, .png, .svg, .pdf, found .txt\n",
    )


def test_weights_of_another_net(tiny: Path) -> None:
    text = (tiny / "net.prototxt").read_text()
    (tiny / "net.prototxt").write_text(text.replace("num_output: 3", "num_output: 4"))
    ran = answer(tiny)
    assert ran.status == 1
    assert "net.caffemodel: expected blob 0 of layer 'fc' to be (4, 4), found (3, 4)" in ran.err
    assert "; rename the layer to start it from its filler\n" in ran.err
