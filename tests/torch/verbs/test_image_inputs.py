"""Images as inputs: the arithmetic of each step, crops, files of means and steps, refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import Blob, binaryproto
from caffetools.net.loading import load
from caffetools.torch.export.preprocess import preprocessing_of
from caffetools.torch.verbs.image_inputs import (
    ImageSteps,
    image_batches,
    image_files,
    steps_of,
    with_file,
    with_mean,
)
from tests.torch.verbs.nets import folder

STEPS = ImageSteps(2, 2, gray=True, resize=(3, 4))


@pytest.fixture
def image(tmp_path: Path) -> str:
    path = tmp_path / "x.pgm"
    path.write_bytes(b"P5 4 3 255\n" + bytes(range(12)))
    return str(path)


def test_the_center_crop_of_rows_0_1_2_and_columns_0_to_3(image: str) -> None:
    assert STEPS.read(image).tolist() == [[[[1, 2], [5, 6]]]]
    steps = replace(STEPS, mean=(1.0,), scale=0.5)
    assert steps.read(image).tolist() == [[[[0, 0.5], [2, 2.5]]]]
    whole = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    assert not replace(STEPS, mean_image=whole).read(image).any()
    own = np.ones((1, 2, 2), np.float32)
    assert replace(STEPS, mean_image=own).read(image).tolist() == [[[[0, 1], [4, 5]]]]


def test_ten_crops(image: str) -> None:
    crops = STEPS.read(image, oversample=True)
    assert crops[:, 0, 0].tolist() == [
        *([0, 1], [2, 3], [4, 5], [6, 7], [1, 2]),
        *([1, 0], [3, 2], [5, 4], [7, 6], [2, 1]),
    ]


def test_colours_are_bgr(tmp_path: Path) -> None:
    (tmp_path / "x.ppm").write_bytes(b"P6 1 1 255\n" + bytes([1, 2, 3]))
    found = ImageSteps(1, 1, mean=(0.0, 0.0, 1.0)).read(str(tmp_path / "x.ppm"))
    assert found.reshape(-1).tolist() == [3, 2, 0]


def test_steps_of_a_data_layer(tmp_path: Path) -> None:
    loaded = load(folder(tmp_path) / "net.prototxt", "test")
    steps = steps_of((2, 1, 2, 2), preprocessing_of(loaded))
    assert steps == ImageSteps(2, 2, gray=True, resize=(4, 4), mean=(10.0,), scale=0.5)
    assert steps.lines() == "gray; resize to 4 x 4; crop 2 x 2; subtract 10; times 0.5"
    assert steps_of((1, 3, 5, 6), None).lines() == "BGR, 0 to 255; resize to 5 x 6"


def test_files(tmp_path: Path) -> None:
    (tmp_path / "steps.json").write_text(json.dumps({"resize": [3, 4], "mean": [7], "scale": 2}))
    steps = with_file(ImageSteps(2, 2, gray=True), str(tmp_path / "steps.json"))
    assert (steps.resize, steps.mean, steps.scale) == ((3, 4), (7.0,), 2.0)
    blob = Blob((1, 1, 2, 2), np.arange(4, dtype=np.float32))
    (tmp_path / "mean.binaryproto").write_bytes(binaryproto(blob))
    image = with_mean(steps, str(tmp_path / "mean.binaryproto")).checked().mean_image
    assert image is not None
    assert image.tolist() == [[[0, 1], [2, 3]]]
    assert with_mean(steps, "1,2").mean == (1.0, 2.0)


def test_folders(tmp_path: Path) -> None:
    path = folder(tmp_path)
    files = image_files([str(path / "images"), "x.jpg"])
    assert [Path(each).name for each in files] == ["0.pgm", "1.pgm", "2.pgm", "3.pgm", "x.jpg"]
    batches = list(image_batches(STEPS, files[:3], 2, oversample=False))
    assert [(len(part), len(values)) for part, values in batches] == [(2, 2), (1, 1)]


@pytest.mark.parametrize(
    ("wrong", "fragment"),
    [
        (lambda _: replace(STEPS, resize=(1, 9)).checked(), "1 x 9 to resize to is below"),
        (lambda _: replace(STEPS, mean=(1.0, 2.0)).checked(), "a mean for each of 1 channels"),
        (
            lambda _: replace(STEPS, mean_image=np.ones((1, 9, 9), np.float32)).checked(),
            r"expected \(1, 3, 4\) or \(1, 2, 2\), found \(1, 9, 9\)",
        ),
        (lambda _: steps_of((1, 3), None), "expected an input of images"),
        (lambda _: with_mean(STEPS, "x"), "--mean expected numbers"),
        (lambda path: with_file(STEPS, str(path / "net.prototxt")), "what `deploy --preprocess`"),
        (lambda path: image_files([str(path)]), "the folder holds no images"),
        (lambda path: STEPS.read(str(path / "net.prototxt")), "net.prototxt: the image cannot be"),
    ],
)
def test_refusals(tmp_path: Path, wrong: object, fragment: str) -> None:
    path = folder(tmp_path)
    assert callable(wrong)
    with pytest.raises(CaffeToolsError, match=fragment):
        wrong(path)
