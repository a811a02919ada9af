from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.live_nets import caffe, channel_means

PIXELS = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3)


@pytest.fixture
def image(tmp_path: Path) -> str:
    pil = pytest.importorskip("PIL.Image")
    pil.fromarray(PIXELS).save(tmp_path / "image.png")
    return str(tmp_path / "image.png")


def test_windows(tmp_path: Path, image: str) -> None:
    net = caffe.Detector(*channel_means(tmp_path), raw_scale=255)
    windows = [(0, 0, 2, 2), (4, 3, 6, 5), (6, 6, 8, 8)]
    found = net.detect_windows([(image, windows)])
    assert [each["window"] for each in found] == windows
    assert {each["filename"] for each in found} == {image}
    for each in found:
        y, x, bottom, right = each["window"]
        expected = PIXELS[y:bottom, x:right].mean((0, 1))
        np.testing.assert_allclose(each["prediction"], expected, rtol=1e-5)


def test_context_in_the_middle_of_an_image(tmp_path: Path) -> None:
    """An input of 4 with 1 of context: the window of 4 grows by 4 / 2 around its center."""
    path = Path(channel_means(tmp_path)[0])
    path.write_text(path.read_text().replace("dim: 2 dim: 2", "dim: 4 dim: 4"))
    net = caffe.Detector(str(path), str(tmp_path / "w.caffemodel"), context_pad=1)
    image = np.ones((16, 16, 3), np.float32)
    assert net.crop(image, np.array([6, 6, 9, 9])).shape == (4, 4, 3)
    np.testing.assert_allclose(net.crop(image, np.array([6, 6, 9, 9])), 1)


def test_context_outside_of_an_image_is_the_mean(tmp_path: Path) -> None:
    path = Path(channel_means(tmp_path)[0])
    path.write_text(path.read_text().replace("dim: 2 dim: 2", "dim: 4 dim: 4"))
    options = {"mean": np.array([10.0, 20, 30]), "raw_scale": 10.0, "channel_swap": (2, 1, 0)}
    mean = np.broadcast_to(np.array([10.0, 20, 30]).reshape(3, 1, 1), (3, 4, 4))
    net = caffe.Detector(
        str(path), str(tmp_path / "w.caffemodel"), **{**options, "mean": mean}, context_pad=1
    )
    assert net.crop_mean[0, 0].tolist() == [3, 2, 1]
    found = net.crop(np.zeros((16, 16, 3), np.float32), np.array([0, 0, 3, 3]))
    np.testing.assert_allclose(found[0], [[3, 2, 1]] * 4)
    np.testing.assert_allclose(found[1:, 1:], 0)


def test_selective_search_is_not_there(tmp_path: Path) -> None:
    net = caffe.Detector(*channel_means(tmp_path))
    with pytest.raises(RuntimeError, match=r"detect_selective_search is not in caffetools.pycaffe"):
        net.detect_selective_search(["image.png"])
