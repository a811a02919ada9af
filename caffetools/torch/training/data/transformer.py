"""transform_param: crop, mirror, mean and scale of one item (data_transformer.cpp)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.files import check_regular
from caffetools.formats.weights import read_weights
from caffetools.torch.training.data.draws import Draws


@dataclass(frozen=True)
class Transform:
    """Transformation of each item: `(cropped - mean) * scale`, mirrored or not.

    The mean image has the size of the whole item and is cropped with it.
    """

    scale: float = 1.0
    mirror: bool = False
    crop_size: int = 0
    mean_file: str = ""
    mean_values: tuple[float, ...] = ()
    force_color: bool = False
    force_gray: bool = False

    @property
    def color(self) -> bool | None:
        """Whether encoded images are decoded in colour (True), grey (False) or unchanged (None)."""
        if self.force_color == self.force_gray:
            return None
        return self.force_color

    def apply(self, item: NDArray[np.generic], draws: Draws, *, train: bool) -> NDArray[np.float32]:
        """Transform an item of channels x height x width.

        Mirroring is random in both phases, the crop in training; it is central in testing.
        Raises CaffeToolsError if the item does not match the options.
        """
        mirrored = self.mirror and draws.below(2) == 1
        channels, height, width = item.shape
        rows, columns = self._window(height, width, draws, train=train)
        values = item[:, rows, columns].astype(np.float32)
        if self.mean_file:
            values -= self._mean_for(item.shape)[:, rows, columns]
        elif self.mean_values:
            values -= self.channel_means(channels)
        if self.scale != 1:
            values *= np.float32(self.scale)
        return values[:, :, ::-1] if mirrored else values

    def opened(self, find: Callable[[str], str]) -> Transform:
        """Return the transform with its mean image read; `find` resolves its path.

        Raises CaffeToolsError, located at the file, if it cannot be read.
        """
        if not self.mean_file:
            return self
        opened = replace(self, mean_file=find(self.mean_file))
        opened.mean.flags.writeable = False  # read here and shared by all items
        return opened

    @cached_property
    def mean(self) -> NDArray[np.float32]:
        """Mean image, channels x height x width; raises CaffeToolsError, located, if invalid."""
        check_regular(self.mean_file)
        (blob,) = read_weights(self.mean_file, "binaryproto").layers[0].blobs
        shape = (1, 1, 1, *blob.shape)[-3:]
        if blob.values.size == 0 or blob.values.size != prod(shape):
            text = f"expected a mean image, found {blob.values.size} values of shape {blob.shape}"
            raise CaffeToolsError(text, Location(self.mean_file))
        mean: NDArray[np.float32] = blob.as_float32(shape).copy()
        return mean

    def channel_means(self, channels: int) -> NDArray[np.float32]:
        """Return mean_value of each channel as channels x 1 x 1; 0 without mean_value."""
        if len(self.mean_values) not in (0, 1, channels):
            expected = f"expected 1 mean_value or {channels}, one a channel"
            raise CaffeToolsError(f"{expected}, found {len(self.mean_values)}")
        return np.array(self.mean_values or (0,), np.float32).reshape(-1, 1, 1)

    def restored(self, values: NDArray[np.generic]) -> NDArray[np.float32]:
        """Return the pixels of a transformed item; the mean of a crop is that of its channels."""
        mean = self.mean if self.mean_file else self.channel_means(len(values))
        if mean.shape != values.shape:
            mean = mean.mean((1, 2), dtype=np.float32, keepdims=True)
        unscaled: NDArray[np.float32] = values.astype(np.float32) / np.float32(self.scale or 1)
        return unscaled + mean

    def _mean_for(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        if self.mean.shape != shape:
            raise CaffeToolsError(f"the mean image is {self.mean.shape}, an item {shape}")
        return self.mean

    def _window(self, height: int, width: int, draws: Draws, *, train: bool) -> tuple[slice, slice]:
        crop = self.crop_size
        if not crop:
            return slice(height), slice(width)
        if height < crop or width < crop:
            text = f"expected items of at least {crop} x {crop}, found {height} x {width}"
            raise CaffeToolsError(text)
        if train:
            top, left = draws.below(height - crop + 1), draws.below(width - crop + 1)
        else:
            top, left = (height - crop) // 2, (width - crop) // 2
        return slice(top, top + crop), slice(left, left + crop)
