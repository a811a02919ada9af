from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.distortion import Distortion, _in_hsv, _linear
from caffetools.torch.training.data.draws import Draws

IMAGE = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3) * 4


def distorted(seed: int = 0, **options: float) -> NDArray[np.uint8]:
    return Distortion(**options).apply(IMAGE, Draws(seed))


def test_nothing_happens_by_default() -> None:
    assert distorted() is IMAGE


def test_brightness() -> None:
    """A number that is added, rounded and kept within a byte."""
    for seed in range(20):
        steps = distorted(seed, brightness_prob=1, brightness_delta=60).astype(int) - IMAGE
        inside = (steps + IMAGE > 0) & (steps + IMAGE < 255)
        assert len(set(steps[inside].tolist())) == 1
        assert abs(steps).max() <= 60


def test_contrast_around_1_is_left_out() -> None:
    assert (distorted(contrast_prob=1, contrast_lower=1, contrast_upper=1.0005) == IMAGE).all()
    doubled = distorted(contrast_prob=1, contrast_lower=2, contrast_upper=2)
    assert (doubled == np.minimum(2 * IMAGE.astype(int), 255)).all()


def test_halves_round_to_even() -> None:
    """0.5 * 4 n is whole; 0.125 * 4 = 0.5 -> 0, 0.125 * 12 = 1.5 -> 2."""
    eighth = distorted(contrast_prob=1, contrast_lower=0.125, contrast_upper=0.125)
    assert eighth.ravel()[:8].tolist() == [0, 0, 1, 2, 2, 2, 3, 4]


def test_saturation_and_hue() -> None:
    cv2 = pytest.importorskip("cv2")
    grey = distorted(saturation_prob=1)  # a factor of 0
    assert (np.ptp(grey, axis=2) == 0).all()
    hsv = cv2.cvtColor(IMAGE, cv2.COLOR_BGR2HSV)
    shifted = cv2.cvtColor(distorted(3, hue_prob=1, hue_delta=10), cv2.COLOR_BGR2HSV)
    assert abs(shifted[..., 2].astype(int) - hsv[..., 2]).max() <= 1
    assert (shifted[..., 0] != hsv[..., 0]).any()


def test_channels_are_reordered() -> None:
    """All six orders, and nothing else."""
    found = {tuple(distorted(seed, random_order_prob=1)[0, 0].tolist()) for seed in range(100)}
    assert found == {(0, 4, 8), (0, 8, 4), (4, 0, 8), (4, 8, 0), (8, 0, 4), (8, 4, 0)}


def test_contrast_comes_before_saturation_or_after() -> None:
    """By the first number: both orders are found, and differ."""
    pytest.importorskip("cv2")
    options = {"contrast_prob": 1.0, "contrast_lower": 3.0, "contrast_upper": 3.0}
    options |= {"saturation_prob": 1.0, "saturation_lower": 0.5, "saturation_upper": 0.5}
    before = _in_hsv(_linear(IMAGE, 3, 0), 1, 0.5, 0)
    after = _linear(_in_hsv(IMAGE, 1, 0.5, 0), 3, 0)
    assert (before != after).any()
    for seed in range(20):
        expected = before if Draws(seed).uniform(0, 1) > 0.5 else after
        assert (distorted(seed, **options) == expected).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"brightness_delta": -1.0}, "expected brightness_delta of at least 0, found -1"),
        ({"contrast_lower": 2.0, "contrast_upper": 1.0}, "contrast_upper of at least 2, found 1"),
    ],
)
def test_wrong_ranges(options: dict[str, float], message: str) -> None:
    with pytest.raises(CaffeToolsError, match=message):
        Distortion(**options)
