from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.live_nets import caffe, channel_means

IMAGE = np.arange(4 * 4 * 3, dtype=np.float32).reshape(4, 4, 3) / 48


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    return channel_means(tmp_path)


def test_the_center_crop(files: tuple[str, str]) -> None:
    net = caffe.Classifier(*files, image_dims=(4, 4), channel_swap=(2, 1, 0), raw_scale=48)
    found = net.predict([IMAGE] * 3, oversample=False)
    expected = 48 * IMAGE[1:3, 1:3].mean((0, 1))[::-1]
    np.testing.assert_allclose(found, [expected] * 3, rtol=1e-5)


def test_ten_crops(files: tuple[str, str]) -> None:
    options: list[Any] = [(4, 4), np.array([1.0, 2, 3]), 0.5, 48]
    found = caffe.Classifier(*files, *options).predict([IMAGE])
    crops = [IMAGE[y : y + 2, x : x + 2] for y, x in ((0, 0), (0, 2), (2, 0), (2, 2), (1, 1))]
    mean = np.mean([crop.mean((0, 1)) for crop in crops], 0)
    np.testing.assert_allclose(found, [(48 * mean - [1, 2, 3]) * 0.5], rtol=1e-5)


def test_images_are_resized_to_the_input_by_default(files: tuple[str, str]) -> None:
    assert caffe.Classifier(*files, image_dims=()).image_dims.tolist() == [2, 2]
    net = caffe.Classifier(*files)
    assert net.image_dims.tolist() == [2, 2]
    found = net.predict([IMAGE], oversample=False)
    resized = caffe.io.resize_image(IMAGE, (2, 2))
    np.testing.assert_allclose(found, [resized.mean((0, 1))], rtol=1e-5)
