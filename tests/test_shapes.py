"""examples/ssd, from drawn shapes to a net that finds them, with the same boxes in ONNX."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from caffetools.cli import main

for library in ("torch", "PIL", "lmdb", "cv2"):
    pytest.importorskip(library)

SSD = Path(__file__).parents[1] / "examples" / "ssd"


def run(*arguments: str) -> str:
    """What caffetools prints, run in this process."""
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    return done.output


def script(*arguments: str) -> str:
    """What a script of the example prints."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def shapes() -> Any:
    """The module shapes.py."""
    spec = importlib.util.spec_from_file_location("shapes", SSD / "shapes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_object_fills_its_box(shapes: Any) -> None:
    """Of one colour, at all four sides; nothing of it lies outside."""
    from PIL import Image, ImageDraw

    for name in shapes.CLASSES:
        image = Image.new("RGB", (64, 64))
        shapes.draw(ImageDraw.Draw(image), name, (10, 12, 30, 41), (255, 0, 0))
        rows, columns = np.asarray(image)[:, :, 0].nonzero()
        assert (columns.min(), rows.min(), columns.max(), rows.max()) == (10, 12, 30, 41)


def test_objects_lie_apart(shapes: Any) -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        image, objects = shapes.drawn(random)
        assert image.size == (64, 64)
        assert 1 <= len(objects) <= 3
        for number, (_, box) in enumerate(objects):
            assert 0 <= min(box) <= max(box) <= 63
            assert all(shapes.overlap(box, other) < 0.1 for _, other in objects[:number])


def test_the_shapes_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A twentieth of the example's 1,200 iterations is enough to see it learn."""
    folder = tmp_path / "ssd"
    shutil.copytree(SSD, folder)
    monkeypatch.chdir(folder)
    script("shapes.py", "96", "20")
    for part in ("train", "test"):
        source = ("data", "convert", "shapes", "-o", f"{part}_lmdb", "--encode-type", "png")
        options = ("--annotations", "voc", "--list", f"shapes/{part}.txt")
        run(*source, *options, "--labels", "labelmap.prototxt")
    solver = Path("solver.prototxt")
    text = solver.read_text()
    for name, value, less in (
        ("test_iter", 10, 1),
        ("max_iter", 1200, 60),
        ("test_interval", 200, 60),
    ):
        assert f"{name}: {value}\n" in text
        text = text.replace(f"{name}: {value}\n", f"{name}: {less}\n")
    solver.write_text(text)
    log = run("train", "--solver", "solver.prototxt")
    losses = [float(found) for found in re.findall(r", loss = ([\d.]+)", log)]
    assert len(re.findall(r"detection_eval = [\d.e-]+", log)) == 1
    assert losses[-1] < losses[0] / 1.5
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    export = ("export", "deploy.prototxt", "--weights", "small_ssd_iter_60.caffemodel")
    run(*export, "-o", "exported")
    run(*export, "--to", "onnx", "-o", "small_ssd.onnx")
    said = script("detect.py", "found.png")
    assert float(re.findall(r"differ by (\S+)", said)[0]) < 1e-5
    assert Path("found.png").exists()
