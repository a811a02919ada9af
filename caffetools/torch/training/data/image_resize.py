"""resize_param: an image and its boxes, brought to a size (im_transforms.cpp)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError
from caffetools.formats.opencv import opencv, with_channels
from caffetools.torch.training.data.draws import Draws

_BORDERS = {
    "CONSTANT": "BORDER_CONSTANT",
    "MIRRORED": "BORDER_REFLECT101",
    "REPEAT_NEAREST": "BORDER_REPLICATE",
}


@dataclass(frozen=True)
class Resize:
    """Size and mode; of several `interp_mode` one is drawn. The fork does not heed `prob`."""

    height: int
    width: int
    resize_mode: str = "WARP"
    pad_mode: str = "CONSTANT"
    pad_value: tuple[float, ...] = ()
    interp_mode: tuple[str, ...] = ()
    height_scale: int = 0
    width_scale: int = 0

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            found = f"{self.height} x {self.width}"
            raise CaffeToolsError(f"expected a resize_param of at least 1 x 1, found {found}")

    def apply(self, image: NDArray[np.uint8], draws: Draws) -> NDArray[np.uint8]:
        """Return the resized image, (H, W, C), and padded in FIT_LARGE_SIZE_AND_PAD."""
        cv2 = opencv()
        mode = "LINEAR"
        if self.interp_mode:
            part = draws.uniform(0, 1)
            mode = self.interp_mode[
                min(int(part * len(self.interp_mode)), len(self.interp_mode) - 1)
            ]
        height, width = self._inner_size(*image.shape[:2])
        if min(height, width) < 1:
            text = f"an image of {image.shape[1]} x {image.shape[0]} is too narrow to be resized"
            raise CaffeToolsError(text)
        resized = cv2.resize(image, (width, height), interpolation=getattr(cv2, f"INTER_{mode}"))
        if self.resize_mode == "FIT_LARGE_SIZE_AND_PAD":
            top, left = (self.height - height) // 2, (self.width - width) // 2
            sides = (top, self.height - height - top, left, self.width - width - left)
            border = getattr(cv2, _BORDERS[self.pad_mode])
            resized = cv2.copyMakeBorder(resized, *sides, border, value=self._padding(image))
        return with_channels(resized)

    def check_size(self, height: int, width: int) -> None:
        """Raise CaffeToolsError for pixels of another size, which Caffe cannot resize."""
        padded = self.resize_mode == "FIT_LARGE_SIZE_AND_PAD"
        size = (self.height, self.width) if padded else self._inner_size(height, width)
        if size != (height, width):
            found = f"found pixels of {height} x {width}"
            raise CaffeToolsError(f"expected encoded items, which alone are resized, {found}")

    def _inner_size(self, height: int, width: int) -> tuple[int, int]:
        """Return the size of a resized image, without padding."""
        aspect, new_aspect = _ratio(width, height), _ratio(self.width, self.height)
        fits_width = self.resize_mode == "FIT_LARGE_SIZE_AND_PAD" and aspect > new_aspect
        if fits_width or (self.resize_mode == "FIT_SMALL_SIZE" and aspect < new_aspect):
            return int(np.float32(self.width) / aspect), self.width
        if self.resize_mode == "WARP":
            return self.height, self.width
        return self.height, int(aspect * np.float32(self.height))

    def _padding(self, image: NDArray[np.uint8]) -> tuple[float, ...]:
        channels = image.shape[2]
        if len(self.pad_value) not in (0, 1, channels):
            text = f"expected 1 pad_value or {channels}, one a channel, found {len(self.pad_value)}"
            raise CaffeToolsError(text)
        given = self.pad_value or (0.0,)
        return given * channels if len(given) == 1 else given

    def boxes(self, boxes: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
        """Return boxes of an image of a size in units of the resized one.

        UpdateBBoxByResizePolicy, step by step in single precision.
        """
        new = np.array([self.width, self.height], np.float32)
        old = np.array([width, height], np.float32)
        aspect, new_aspect = _ratio(width, height), new[0] / new[1]
        inner = new.copy()
        wide = aspect > new_aspect if self.resize_mode != "FIT_SMALL_SIZE" else aspect < new_aspect
        if self.resize_mode != "WARP":
            inner[int(wide)] = new[0] / aspect if wide else aspect * new[1]
        padding = np.zeros(2, np.float32)
        if self.resize_mode == "FIT_LARGE_SIZE_AND_PAD":
            padding[int(wide)] = (new - inner)[int(wide)] / 2
            inner = new - 2 * padding
        else:
            new = inner
        corners = boxes.reshape(-1, 2, 2) * old * inner / old
        low, high = np.maximum(0, corners[:, 0]), np.minimum(new, corners[:, 1])
        moved = np.stack([padding + low, padding + high], 1) / new
        return moved.reshape(-1, 4).astype(np.float32)

    def extrapolated(
        self, boxes: NDArray[np.float32], height: int, width: int, window: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return boxes in units of width_scale and height_scale in FIT_SMALL_SIZE."""
        if self.resize_mode != "FIT_SMALL_SIZE" or not (self.height_scale and self.width_scale):
            return boxes
        aspect = _ratio(width, height)
        size = np.array([self.width, self.height], np.float32)
        wide = aspect < size[0] / size[1]
        size[int(wide)] = size[0] / aspect if wide else size[1] * aspect
        size = size * (window[2:] - window[:2])
        scale = np.array([self.width_scale, self.height_scale], np.float32)
        if (size < scale).any():
            found = f"{self.height_scale} x {self.width_scale}"
            text = f"height_scale and width_scale, {found}, exceed {size[1]:g} x {size[0]:g}"
            raise CaffeToolsError(text)
        return (boxes.reshape(-1, 2, 2) * size / scale).reshape(-1, 4)


def _ratio(width: float, height: float) -> np.float32:
    ratio: np.float32 = np.float32(width) / np.float32(height)
    return ratio
