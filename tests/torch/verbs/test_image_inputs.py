"""Images as inputs: the arithmetic of each step, crops, files of means and steps, refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import Blob, binaryproto
from caffetools.torch.export.preprocess import ImageSteps
from caffetools.torch.verbs.image_inputs import image_batches, image_files, read_image, with_mean
from tests.torch.verbs.nets import folder

STEPS = ImageSteps((1, 1, 2, 2), resize=(3, 4))


@pytest.fixture
def image(tmp_path: Path) -> str:
    path = tmp_path / "x.pgm"
    path.write_bytes(b"P5 4 3 255\n" + bytes(range(12)))
    return str(path)


def test_the_center_crop_of_rows_0_1_2_and_columns_0_to_3(image: str) -> None:
    assert read_image(STEPS, image).tolist() == [[[[1, 2], [5, 6]]]]
    steps = replace(STEPS, mean=(1.0,), scale=0.5)
    assert read_image(steps, image).tolist() == [[[[0, 0.5], [2, 2.5]]]]
    whole = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    assert not read_image(replace(STEPS, mean_image=whole), image).any()
    own = np.ones((1, 2, 2), np.float32)
    assert read_image(replace(STEPS, mean_image=own), image).tolist() == [[[[0, 1], [4, 5]]]]


def test_ten_crops(image: str) -> None:
    crops = read_image(STEPS, image, oversample=True)
    assert crops[:, 0, 0].tolist() == [
        *([0, 1], [2, 3], [4, 5], [6, 7], [1, 2]),
        *([1, 0], [3, 2], [5, 4], [7, 6], [2, 1]),
    ]


def test_colours_are_bgr(tmp_path: Path) -> None:
    (tmp_path / "x.ppm").write_bytes(b"P6 1 1 255\n" + bytes([1, 2, 3]))
    steps = ImageSteps((1, 3, 1, 1), mean=(0.0, 0.0, 1.0))
    found = read_image(steps, str(tmp_path / "x.ppm"))
    assert found.reshape(-1).tolist() == [3, 2, 0]


def test_a_mean_of_a_file_and_of_numbers(tmp_path: Path) -> None:
    blob = Blob((1, 1, 2, 2), np.arange(4, dtype=np.float32))
    (tmp_path / "mean.binaryproto").write_bytes(binaryproto(blob))
    image = with_mean(STEPS, str(tmp_path / "mean.binaryproto")).checked().mean_image
    assert image is not None
    assert image.tolist() == [[[0, 1], [2, 3]]]
    assert with_mean(STEPS, "1,2").mean == (1.0, 2.0)


def test_folders(tmp_path: Path) -> None:
    path = folder(tmp_path)
    files = image_files([str(path / "images"), "x.jpg"])
    assert [Path(each).name for each in files] == ["0.pgm", "1.pgm", "2.pgm", "3.pgm", "x.jpg"]
    batches = list(image_batches(STEPS, files[:3], 2, oversample=False))
    assert [(len(part), len(values)) for part, values in batches] == [(2, 2), (1, 1)]


@pytest.mark.parametrize(
    ("wrong", "fragment"),
    [
        (lambda _: with_mean(STEPS, "x"), "--mean expected numbers"),
        (lambda path: image_files([str(path)]), "the folder holds no images"),
        (
            lambda path: read_image(STEPS, str(path / "net.prototxt")),
            "net.prototxt: the image cannot be",
        ),
    ],
)
def test_refusals(tmp_path: Path, wrong: object, fragment: str) -> None:
    path = folder(tmp_path)
    assert callable(wrong)
    with pytest.raises(CaffeToolsError, match=fragment):
        wrong(path)
