from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.draws import Draws
from caffetools.torch.training.data.image_noise import Noise, SaltPepper

cv2 = pytest.importorskip("cv2")

IMAGE = np.random.default_rng(0).integers(0, 256, (12, 14, 3), np.uint8)
GREY = IMAGE[:, :, :1]


def noisy(image: NDArray[np.uint8] = IMAGE, **options: Any) -> NDArray[np.uint8]:
    return Noise(**options).apply(image, Draws(5))


def test_nothing_happens_by_default() -> None:
    assert (noisy() == IMAGE).all()


def test_values() -> None:
    assert (noisy(inverse=True) == 255 - IMAGE).all()
    assert (noisy(posterize=True) == IMAGE // 64 * 64 + 32).all()
    grey = noisy(decolorize=True)
    assert (np.ptp(grey, axis=2) == 0).all()
    assert (grey[..., 0] == cv2.cvtColor(IMAGE, cv2.COLOR_BGR2GRAY)).all()


@pytest.mark.parametrize("image", [IMAGE, GREY])
def test_filters_keep_the_shape(image: NDArray[np.uint8]) -> None:
    for name in ("gauss_blur", "hist_eq", "clahe", "erode"):
        changed = noisy(image, **{name: True})
        assert changed.shape == image.shape
        assert (changed != image).any()
    assert (noisy(image, erode=True) <= image).all()


def test_a_jpeg_of_one_channel_has_three_afterwards() -> None:
    assert noisy(GREY, jpeg=50).shape == IMAGE.shape
    assert (
        abs(noisy(jpeg=100).astype(int) - IMAGE).mean()
        < abs(noisy(jpeg=5).astype(int) - IMAGE).mean()
    )


def test_salt_and_pepper() -> None:
    """0.25 * 12 * 14 = 42 pixels, some of them twice."""
    given: dict[str, Any] = {"saltpepper": True, "saltpepper_param": SaltPepper(0.25, (1, 2, 3))}
    hit = (noisy(**given) == [1, 2, 3]).all(2)
    assert 20 < hit.sum() <= 42
    assert (noisy(**given)[~hit] == IMAGE[~hit]).all()
    with pytest.raises(CaffeToolsError, match="expected 1 value of saltpepper_param or 3"):
        noisy(saltpepper=True)


def test_other_colours() -> None:
    assert (noisy(convert_to_hsv=True) == cv2.cvtColor(IMAGE, cv2.COLOR_BGR2HSV)).all()
    lab = cv2.cvtColor(IMAGE.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)
    # The first pixel's L has the first four bytes of the row.
    assert noisy(convert_to_lab=True)[0].tobytes()[:4] == lab[0, 0, 0].tobytes()
    assert noisy(convert_to_lab=True).shape == IMAGE.shape
