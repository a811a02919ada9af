"""Images as data layers hand them on."""

from __future__ import annotations

from typing import Any

import torch

from caffetools.torch.runtime.transform import transform_image

IMAGE = torch.arange(3 * 4 * 5).reshape(3, 4, 5).to(torch.uint8)
"""Red from 0, green from 20, blue from 40."""


def test_channels_are_turned_round() -> None:
    found = transform_image(IMAGE)
    assert found.shape == (1, 3, 4, 5)
    assert found[0, :, 0, 0].tolist() == [40, 20, 0]


def test_the_middle_is_cut_out() -> None:
    found = transform_image(IMAGE, crop=(2, 2))
    # Rows (4 - 2) // 2 = 1 and 2, columns (5 - 2) // 2 = 1 and 2 of blue: 40 + 5 + 1 on.
    assert found[0, 0].tolist() == [[46, 47], [51, 52]]


def test_mean_and_scale() -> None:
    found = transform_image(IMAGE, mean=(1.0, 2.0, 3.0), scale=0.5)
    assert found[0, :, 0, 0].tolist() == [19.5, 9, -1.5]
    assert transform_image(IMAGE, mean=(10.0,))[0, :, 0, 0].tolist() == [30, 10, -10]


def test_a_mean_image_is_that_of_the_crop() -> None:
    mean = torch.zeros(3, 2, 2)
    mean[0, 0, 0] = 6
    found = transform_image(IMAGE, crop=(2, 2), mean_image=mean)
    assert found[0, 0].tolist() == [[40, 47], [51, 52]]


def test_grey() -> None:
    colours = torch.tensor([100, 50, 10], dtype=torch.uint8).reshape(3, 1, 1)
    # 0.299 * 100 + 0.587 * 50 + 0.114 * 10 = 60.39, and OpenCV rounds.
    assert transform_image(colours, gray=True).flatten().tolist() == [60]
    assert transform_image(colours[:1], gray=True).flatten().tolist() == [100]
    assert transform_image(colours[:1]).flatten().tolist() == [100, 100, 100]


def test_images_are_brought_to_size_first() -> None:
    found = transform_image(IMAGE, size=(8, 10))
    assert found.shape == (1, 3, 8, 10)
    assert torch.equal(found, found.round())
    assert torch.equal(transform_image(IMAGE, size=(4, 5)), transform_image(IMAGE))


def test_a_batch_of_images() -> None:
    options: dict[str, Any] = {
        "size": (6, 6),
        "crop": (4, 4),
        "mean": (1.0, 2.0, 3.0),
        "scale": 2.0,
    }
    for gray in (False, True):
        options |= {"gray": gray, "mean": (1.0,) if gray else (1.0, 2.0, 3.0)}
        several = transform_image(torch.stack([IMAGE, IMAGE + 9]), **options)
        assert torch.equal(several[:1], transform_image(IMAGE, **options))
        assert torch.equal(several[1:], transform_image(IMAGE + 9, **options))
