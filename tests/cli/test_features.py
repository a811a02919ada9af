"""`caffetools features`: files of each form, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.commands import Ran, run
from tests.torch.verbs.nets import folder

SCORES = [[0, 12, 22], [10, 12, 12], [20, 12, 2], [5, 12, 17]]


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder(tmp_path))


def written(output: str, *options: str) -> Ran:
    return run(
        "features", "net.prototxt", "images", "--weights", "net.caffemodel", "-o", output, *options
    )


def test_npz() -> None:
    assert written("f.npz", "--blob", "fc", "--blob", "prob").status == 0
    with np.load("f.npz") as found:
        assert found["fc"].tolist() == SCORES
        assert found["prob"].shape == (4, 3)
        assert found["images"].tolist()[0] == "images/0.pgm"


def test_hdf5() -> None:
    h5py = pytest.importorskip("h5py")
    assert written("f.h5", "--blob", "fc").status == 0
    with h5py.File("f.h5") as file:
        assert file["fc"][:].tolist() == SCORES
        assert file["images"].asstr()[1] == "images/1.pgm"


def test_csv() -> None:
    assert written("f.csv", "--blob", "fc").status == 0
    assert Path("f.csv").read_text().splitlines()[0] == "images/0.pgm,0,12,22"


def test_csv_has_no_formulas() -> None:
    Path("images/0.pgm").rename("=a.pgm")
    arguments = ("--weights", "net.caffemodel", "--blob", "fc", "-o", "f.csv")
    assert run("features", "net.prototxt", "=a.pgm", *arguments).status == 0
    assert Path("f.csv").read_text() == "'=a.pgm,0,12,22\n"


def test_refusals() -> None:
    assert written("f.txt", "--blob", "fc").err.startswith("f.txt: file extension expected")
    assert written("f.csv", "--blob", "fc", "--blob", "prob").status == 2
    assert "the net has no blob 'x'" in written("f.npz", "--blob", "x").err
    Path("f.npz").write_text("")
    assert "use --force to overwrite" in written("f.npz", "--blob", "fc").err
