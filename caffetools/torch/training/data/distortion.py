"""distort_param: random changes of brightness, contrast, saturation and hue (im_transforms.cpp)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError
from caffetools.formats.opencv import opencv
from caffetools.torch.training.data.draws import Draws


@dataclass(frozen=True)
class Distortion:
    """Probabilities and ranges of random changes; raises CaffeToolsError for a wrong range."""

    brightness_prob: float = 0.0
    brightness_delta: float = 0.0
    contrast_prob: float = 0.0
    contrast_lower: float = 0.0
    contrast_upper: float = 0.0
    hue_prob: float = 0.0
    hue_delta: float = 0.0
    saturation_prob: float = 0.0
    saturation_lower: float = 0.0
    saturation_upper: float = 0.0
    random_order_prob: float = 0.0

    def __post_init__(self) -> None:
        for name in ("brightness_delta", "hue_delta", "contrast_lower", "saturation_lower"):
            if getattr(self, name) < 0:
                raise CaffeToolsError(
                    f"expected {name} of at least 0, found {getattr(self, name):g}"
                )
        for name in ("contrast", "saturation"):
            low, high = getattr(self, f"{name}_lower"), getattr(self, f"{name}_upper")
            if low > high:
                text = f"expected {name}_upper of at least {low:g}, found {high:g}"
                raise CaffeToolsError(text)

    def apply(self, image: NDArray[np.uint8], draws: Draws) -> NDArray[np.uint8]:
        """Change an image: contrast comes second or, as often, last but one (ApplyDistort)."""
        contrast_second = draws.uniform(0, 1) > np.float32(0.5)
        image = self._brightened(image, draws)
        if contrast_second:
            image = self._contrasted(image, draws)
        image = self._scaled_plane(image, draws)
        image = self._shifted_hue(image, draws)
        if not contrast_second:
            image = self._contrasted(image, draws)
        return self._reordered(image, draws)

    def _brightened(self, image: NDArray[np.uint8], draws: Draws) -> NDArray[np.uint8]:
        if not _happens(self.brightness_prob, draws):
            return image
        return _linear(image, 1, draws.uniform(-self.brightness_delta, self.brightness_delta))

    def _contrasted(self, image: NDArray[np.uint8], draws: Draws) -> NDArray[np.uint8]:
        if not _happens(self.contrast_prob, draws):
            return image
        factor = draws.uniform(self.contrast_lower, self.contrast_upper)
        return _linear(image, factor, 0) if abs(factor - 1) > 1e-3 else image

    def _scaled_plane(self, image: NDArray[np.uint8], draws: Draws) -> NDArray[np.uint8]:
        if not _happens(self.saturation_prob, draws):
            return image
        factor = draws.uniform(self.saturation_lower, self.saturation_upper)
        return _in_hsv(image, 1, factor, 0)

    def _shifted_hue(self, image: NDArray[np.uint8], draws: Draws) -> NDArray[np.uint8]:
        if not _happens(self.hue_prob, draws):
            return image
        shift = draws.uniform(-self.hue_delta, self.hue_delta)
        return _in_hsv(image, 0, 1, shift) if shift else image

    def _reordered(self, image: NDArray[np.uint8], draws: Draws) -> NDArray[np.uint8]:
        if not _happens(self.random_order_prob, draws):
            return image
        order = [0, 1, 2]
        for last in (1, 2):  # std::random_shuffle
            other = draws.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return np.ascontiguousarray(image[:, :, order])


def _happens(probability: float, draws: Draws) -> bool:
    return bool(draws.uniform(0, 1) < np.float32(probability))


def _linear(image: NDArray[np.uint8], factor: float, shift: float) -> NDArray[np.uint8]:
    """Return factor * pixel + shift, rounded and saturated (cv::Mat::convertTo)."""
    values = np.arange(256, dtype=np.float32) * np.float32(factor) + np.float32(shift)
    table = np.rint(values).clip(0, 255).astype(np.uint8)
    changed: NDArray[np.uint8] = table[image]
    return changed


def _in_hsv(image: NDArray[np.uint8], plane: int, factor: float, shift: float) -> NDArray[np.uint8]:
    """Change a plane of hue, saturation and value; a hue beyond 180 is as good as one below."""
    cv2 = opencv()
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    hsv[:, :, plane] = _linear(hsv[:, :, plane], factor, shift)
    changed: NDArray[np.uint8] = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    return changed
