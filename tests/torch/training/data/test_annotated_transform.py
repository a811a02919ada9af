from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import Blob, binaryproto
from caffetools.torch.training.data.annotated_image import AnnotatedImage
from caffetools.torch.training.data.annotated_transform import AnnotatedTransform, Expansion
from caffetools.torch.training.data.distortion import Distortion
from caffetools.torch.training.data.draws import Draws
from caffetools.torch.training.data.image_noise import Noise
from caffetools.torch.training.data.image_resize import Resize

PIXELS = np.arange(8 * 12 * 3, dtype=np.uint8).reshape(8, 12, 3)
BOX = np.array([(0.25, 0.5, 0.75, 1)], np.float32)
MARK = np.array([(1, 0, 0)], np.float32)


def image(*, encoded: bool = True) -> AnnotatedImage:
    return AnnotatedImage(PIXELS, 8, 12, BOX, MARK, encoded)


def finished(
    seed: int = 0, *, train: bool = False, encoded: bool = True, **options: Any
) -> tuple[NDArray[np.float32], list[list[float]]]:
    transform = AnnotatedTransform(**options).opened(str)
    assert isinstance(transform, AnnotatedTransform)
    values, seen = transform.finished(image(encoded=encoded), Draws(seed), train=train)
    return values.transpose(1, 2, 0), seen.boxes.tolist()


def test_mean_and_scale() -> None:
    values, boxes = finished(mean_values=(1, 2, 3), scale=0.5)
    assert (values == (PIXELS - np.array([1, 2, 3], np.float32)) * np.float32(0.5)).all()
    assert boxes == BOX.tolist()


def test_a_central_crop() -> None:
    """Rows 2 to 6, columns 3 to 9; the box from 3 to 9 and from 4 to 8."""
    values, boxes = finished(crop_h=4, crop_w=6)
    assert (values == PIXELS[2:6, 3:9]).all()
    assert boxes == [[0, 0.5, 1, 1]]
    assert (finished(crop_size=4, crop_h=7)[0] == PIXELS[2:6, 4:8]).all()


def test_a_random_crop() -> None:
    corners = {int(finished(seed, train=True, crop_size=7)[0][0, 0, 0]) for seed in range(99)}
    assert corners == {3 * (12 * row + column) for row in range(2) for column in range(6)}


def test_one_side_alone_is_cut_from_the_first() -> None:
    values, boxes = finished(crop_h=5)
    assert (values == PIXELS[:5]).all()
    assert boxes == [[0.25, pytest.approx(0.5 / (5 / 8)), 0.75, 1]]


def test_a_mirrored_image() -> None:
    seen = {
        (
            bool((finished(seed, mirror=True)[0] == PIXELS[:, ::-1]).all()),
            finished(seed, mirror=True)[1][0][0],
        )
        for seed in range(20)
    }
    assert seen == {(True, 0.25), (False, 0.25)}
    transform = AnnotatedTransform(mirror=True)
    left = AnnotatedImage(PIXELS, 8, 12, np.array([(0, 0, 0.25, 1)], np.float32), MARK)
    boxes = {tuple(transform.finished(left, Draws(n), train=True)[1].boxes[0]) for n in range(20)}
    assert boxes == {(0, 0, 0.25, 1), (0.75, 0, 1, 1)}


def mean_file(folder: Path) -> tuple[str, NDArray[np.float32]]:
    mean = np.random.default_rng(0).normal(size=(3, 8, 12)).astype(np.float32)
    path = folder / "mean.binaryproto"
    path.write_bytes(binaryproto(Blob(mean.shape, mean)))
    return str(path), mean.transpose(1, 2, 0)


@pytest.mark.parametrize("encoded", [True, False])
def test_a_mean_image_is_mirrored_with_pixels_alone(tmp_path: Path, encoded: bool) -> None:
    """The fork's code for encoded images subtracts the mean at the mirrored place."""
    path, mean = mean_file(tmp_path)
    plain = PIXELS.astype(np.float32)
    mirrored = plain[:, ::-1] - (mean if encoded else mean[:, ::-1])
    found = [finished(seed, encoded=encoded, mirror=True, mean_file=path)[0] for seed in range(20)]
    assert any(np.allclose(each, mirrored) for each in found)
    assert all(np.allclose(each, mirrored) or np.allclose(each, plain - mean) for each in found)


def test_resize_and_noise_are_for_files() -> None:
    pytest.importorskip("cv2")
    values, boxes = finished(resize_param=Resize(4, 6), noise_param=Noise(inverse=True))
    assert values.shape == (4, 6, 3)
    assert boxes == BOX.tolist()
    assert values.mean() == pytest.approx(255 - PIXELS.mean(), abs=1)
    with pytest.raises(CaffeToolsError, match="expected encoded items"):
        finished(encoded=False, resize_param=Resize(4, 6))
    # With a crop the fork forgets to check: pixels are cropped, not resized.
    cropped = finished(encoded=False, resize_param=Resize(4, 6), crop_size=4)[0]
    assert (cropped == PIXELS[2:6, 4:8]).all()


def test_a_crop_that_is_too_large() -> None:
    with pytest.raises(CaffeToolsError, match="expected items of at least 9 x 9, found 8 x 12"):
        finished(crop_size=9)


def test_items_of_other_layers() -> None:
    transform = AnnotatedTransform(crop_h=4, crop_w=6)
    values = transform.apply(PIXELS.transpose(2, 0, 1), Draws(0), train=False)
    assert (values.transpose(1, 2, 0) == PIXELS[2:6, 3:9]).all()


def test_expansion() -> None:
    """By up to 4 in both directions, at any place, as often as `prob` says."""
    transform = AnnotatedTransform(expand_param=Expansion(0.5, 4), mean_values=(10, 20, 30))
    sizes = []
    for seed in range(200):
        expanded = transform.distorted(image(encoded=False), Draws(seed))
        rows, columns = expanded.pixels.shape[:2]
        assert rows / 8 == pytest.approx(columns / 12, abs=1 / 8)
        sizes.append(columns / 12)
    assert sum(size == 1 for size in sizes) == pytest.approx(100, abs=25)
    assert 1.1 > min(size for size in sizes if size > 1) > 1
    assert 4 > max(sizes) > 3.8


def test_the_background_is_the_mean() -> None:
    pytest.importorskip("cv2")
    transform = AnnotatedTransform(expand_param=Expansion(1, 4), mean_values=(10, 20, 30))
    drawn = (transform.distorted(image(), Draws(seed)).pixels for seed in range(20))
    expanded = max(drawn, key=lambda pixels: pixels.size)
    assert np.median(expanded.astype(float), (0, 1)) == pytest.approx([10, 20, 30], abs=2)


def test_distortion_is_for_files() -> None:
    transform = AnnotatedTransform(distort_param=Distortion(brightness_prob=1, brightness_delta=9))
    assert transform.distorted(image(encoded=False), Draws(0)).pixels is PIXELS
    pytest.importorskip("cv2")
    assert (transform.distorted(image(), Draws(0)).pixels != PIXELS).any()


def test_no_expansion() -> None:
    with pytest.raises(CaffeToolsError, match="expected max_expand_ratio over 1, found 1"):
        Expansion()
    transform = AnnotatedTransform(expand_param=Expansion(1, 1.005))
    assert transform.distorted(image(), Draws(0)).pixels is PIXELS
