"""`caffetools classify`: classes and labels of images, formats, a net made by `deploy`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import run
from tests.torch.verbs.nets import folder

WEIGHTS = ("--weights", "net.caffemodel", "--labels", "labels")


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder(tmp_path) / "labels").write_text("cat\ndog\n")
    monkeypatch.chdir(tmp_path)


def test_formats() -> None:
    ran = run("classify", "net.prototxt", "images/2.pgm", "images/3.pgm", *WEIGHTS, "--top", "2")
    assert [line.split() for line in ran.out.splitlines()[2:6]] == [
        ["images/2.pgm", "0", "cat", "0.999665"],
        ["images/2.pgm", "1", "dog", "0.000335"],
        ["images/3.pgm", "2", "0.993301"],
        ["images/3.pgm", "1", "dog", "0.006693"],
    ]
    ran = run(
        "classify", "net.prototxt", "images/0.pgm", *WEIGHTS, "--top", "1", "--format", "json"
    )
    (row,) = json.loads(ran.out)
    assert (row["image"], row["class"], row["label"]) == ("images/0.pgm", 2, None)
    ran = run("classify", "net.prototxt", "images", *WEIGHTS, "--format", "csv", "--oversample")
    assert ran.out.splitlines()[0] == "image,class,label,score"
    assert len(ran.out.splitlines()) == 1 + 4 * 3


def test_a_net_to_deploy_with_its_preprocessing() -> None:
    assert run("deploy", "net.prototxt", "-o", "d.prototxt", "--preprocess", "p.json").status == 0
    first = run("classify", "net.prototxt", "images", *WEIGHTS)
    second = run("classify", "d.prototxt", "images", *WEIGHTS, "--preprocess", "p.json")
    assert first.out == second.out


def test_a_file_that_is_no_image() -> None:
    ran = run("classify", "net.prototxt", "labels", *WEIGHTS)
    assert ran.status == 1
    assert "labels: the image cannot be decoded" in ran.err
    assert run("classify", "net.prototxt", "x.png", *WEIGHTS).err.endswith("x.png: no such file\n")
