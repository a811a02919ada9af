"""noise_param: effects that degrade an image (im_transforms.cpp, ApplyNoise)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError
from caffetools.formats.opencv import opencv, with_channels
from caffetools.torch.training.data.draws import Draws


@dataclass(frozen=True)
class SaltPepper:
    """Fraction of the pixels that get a value, one for all channels or one each."""

    fraction: float = 0.0
    value: tuple[float, ...] = ()


@dataclass(frozen=True)
class Noise:
    """Effects, in this order; the fork does not heed `prob`."""

    decolorize: bool = False
    gauss_blur: bool = False
    hist_eq: bool = False
    clahe: bool = False
    jpeg: float = -1.0
    erode: bool = False
    posterize: bool = False
    inverse: bool = False
    saltpepper: bool = False
    saltpepper_param: SaltPepper = SaltPepper()
    convert_to_hsv: bool = False
    convert_to_lab: bool = False

    def apply(self, image: NDArray[np.uint8], draws: Draws) -> NDArray[np.uint8]:
        """Return an image (H, W, C) with the effects."""
        cv2 = opencv()
        image = with_channels(self._filtered(image))
        if self.posterize:
            image = image // np.uint8(64) * np.uint8(64) + np.uint8(32)
        if self.inverse:
            image = ~image
        if self.saltpepper:
            image = self._peppered(image, draws)
        if self.convert_to_hsv:
            image = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
        if self.convert_to_lab:
            image = _as_bytes(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_BGR2LAB))
        return image

    def _filtered(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Apply the effects of OpenCV's filters, which drop the axis of one channel."""
        cv2 = opencv()
        if self.decolorize:
            image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        if self.gauss_blur:
            image = cv2.GaussianBlur(image, (7, 7), 1.5)
        if self.hist_eq:
            image = _in_luma(image, cv2.equalizeHist)
        if self.clahe:
            image = _in_luma(image, cv2.createCLAHE(clipLimit=4).apply)
        if self.jpeg > 0:
            _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(self.jpeg)])
            image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        if self.erode:
            image = cv2.erode(image, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))
        return image

    def _peppered(self, image: NDArray[np.uint8], draws: Draws) -> NDArray[np.uint8]:
        height, width, channels = image.shape
        given = self.saltpepper_param
        if len(given.value) not in (1, channels):
            expected = f"expected 1 value of saltpepper_param or {channels}, one a channel"
            raise CaffeToolsError(f"{expected}, found {len(given.value)}")
        image = image.copy()
        for _ in range(int(np.float32(given.fraction) * np.float32(width) * np.float32(height))):
            column, row = draws.below(width), draws.below(height)
            image[row, column] = np.array(given.value, np.float32).astype(np.uint8)
        return image


def _in_luma(image: NDArray[np.uint8], change: Callable[[Any], Any]) -> NDArray[np.uint8]:
    """Change the brightness alone of an image in colour."""
    if image.shape[-1] == 1 or image.ndim == 2:
        grey: NDArray[np.uint8] = change(image)
        return grey
    cv2 = opencv()
    planes = cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb)
    planes[:, :, 0] = change(np.ascontiguousarray(planes[:, :, 0]))
    changed: NDArray[np.uint8] = cv2.cvtColor(planes, cv2.COLOR_YCrCb2BGR)
    return changed


def _as_bytes(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the first bytes of each row: the fork reads the floats of Lab as bytes."""
    height, width, channels = image.shape
    rows = np.ascontiguousarray(image).reshape(height, -1).view(np.uint8)
    return rows[:, : width * channels].reshape(height, width, channels)
