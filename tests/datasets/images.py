"""A folder of small images, a folder for each class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.torch.training.data.images import encoded


def folder_of(path: Path, forms: tuple[str, ...] = ("PNG",)) -> Path:
    """cat/ and dog/ with two images each, of 4 x 6 pixels, all of one level: 10, 20, 30, 40."""
    for number in range(4):
        form = forms[number % len(forms)]
        name = ("cat", "dog")[number // 2]
        (path / "images" / name).mkdir(parents=True, exist_ok=True)
        image = np.full((4, 6, 3), 10 * (number + 1))
        file = path / "images" / name / f"{number}.{form.lower()}"
        file.write_bytes(encoded(image, form))
    return path / "images"
