"""transform_param of the SSD fork: what becomes of an annotated image (data_transformer.cpp)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.annotated_image import AnnotatedImage, EmitConstraint
from caffetools.torch.training.data.distortion import Distortion
from caffetools.torch.training.data.draws import Draws
from caffetools.torch.training.data.image_noise import Noise
from caffetools.torch.training.data.image_resize import Resize
from caffetools.torch.training.data.transformer import Transform


@dataclass(frozen=True)
class Expansion:
    """Probability and largest ratio of an image's placement on a larger one."""

    prob: float = 1.0
    max_expand_ratio: float = 1.0

    def __post_init__(self) -> None:
        if not self.max_expand_ratio > 1:
            found = f"found {self.max_expand_ratio:g}"
            raise CaffeToolsError(f"expected max_expand_ratio over 1, {found}")


@dataclass(frozen=True)
class AnnotatedTransform(Transform):
    """Transformation of an image and its boxes; None for what the layer does not do."""

    crop_h: int = 0
    crop_w: int = 0
    resize_param: Resize | None = None
    noise_param: Noise | None = None
    distort_param: Distortion | None = None
    expand_param: Expansion | None = None
    emit_constraint: EmitConstraint | None = None

    def apply(self, item: NDArray[np.generic], draws: Draws, *, train: bool) -> NDArray[np.float32]:
        """Transform an item without boxes, as the fork's other data layers do."""
        _, height, width = item.shape
        none = np.zeros((0, 4), np.float32)
        pixels = item.transpose(1, 2, 0)
        encoded = item.dtype == np.uint8
        image = AnnotatedImage(pixels, height, width, none, none[:, 1:], encoded=encoded)
        return self.finished(image, draws, train=train)[0]

    def distorted(self, image: AnnotatedImage, draws: Draws) -> AnnotatedImage:
        """Distort, then expand an image, where the layer does; only encoded ones are distorted."""
        if self.distort_param is not None and image.encoded:
            pixels = image.pixels.astype(np.uint8, copy=False)
            image = image.changed(self.distort_param.apply(pixels, draws))
        return (
            image if self.expand_param is None else self._expanded(self.expand_param, image, draws)
        )

    def _expanded(self, param: Expansion, image: AnnotatedImage, draws: Draws) -> AnnotatedImage:
        if draws.uniform(0, 1) > np.float32(param.prob) or abs(param.max_expand_ratio - 1) < 1e-2:
            return image
        ratio = draws.uniform(1, param.max_expand_ratio)
        rows, columns, channels = image.pixels.shape
        height, width = int(rows * ratio), int(columns * ratio)
        top, left = (int(draws.uniform(0, room)) for room in (height - rows, width - columns))
        background = np.rint(self.channel_means(channels)).clip(0, 255).ravel().astype(np.uint8)
        if self.mean_file and image.encoded:
            mean = self._mean_for((channels, height, width)).transpose(1, 2, 0)
            background = mean.astype(np.int64).astype(np.uint8)
        return image.expanded((height, width), (top, left), background, self.emit_constraint)

    def finished(
        self, image: AnnotatedImage, draws: Draws, *, train: bool
    ) -> tuple[NDArray[np.float32], AnnotatedImage]:
        """Return the values (C, H, W) of the top, and the image with the boxes in them."""
        mirrored = self.mirror and draws.below(2) == 1
        pixels = image.pixels
        if not image.encoded and self.resize_param is not None and not self.crop_size:
            self.resize_param.check_size(*pixels.shape[:2])
        if image.encoded:
            if self.resize_param is not None:
                pixels = self.resize_param.apply(pixels.astype(np.uint8, copy=False), draws)
            if self.noise_param is not None:
                pixels = self.noise_param.apply(pixels.astype(np.uint8, copy=False), draws)
        height, width, _ = pixels.shape
        rows, columns = self._crop(height, width, draws, train=train)
        values = pixels.transpose(2, 0, 1)[:, rows, columns].astype(np.float32)
        self._subtract_mean(values, pixels, (rows, columns), mirrored=mirrored and image.encoded)
        if self.scale != 1:
            values *= np.float32(self.scale)
        corners = (columns.start, rows.start, columns.stop, rows.stop)
        extents = np.array([width, height, width, height], np.float32)
        seen = self._seen(image, np.array(corners, np.float32) / extents, mirrored=mirrored)
        return values[:, :, ::-1] if mirrored else values, seen

    def _crop(self, height: int, width: int, draws: Draws, *, train: bool) -> tuple[slice, slice]:
        """Return rows and columns: at random in training, from the first if one size is 0."""
        size = (self.crop_size or self.crop_h, self.crop_size or self.crop_w)
        if size[0] > height or size[1] > width:
            expected = f"expected items of at least {size[0]} x {size[1]}"
            raise CaffeToolsError(f"{expected}, found {height} x {width}")
        room = (height - size[0], width - size[1])
        start = (0, 0)
        if all(size):
            start = (room[0] // 2, room[1] // 2)
            if train:
                start = (draws.below(room[0] + 1), draws.below(room[1] + 1))
        ends = (start[0] + (size[0] or height), start[1] + (size[1] or width))
        return slice(start[0], ends[0]), slice(start[1], ends[1])

    def _subtract_mean(
        self,
        values: NDArray[np.float32],
        pixels: NDArray[np.generic],
        window: tuple[slice, slice],
        *,
        mirrored: bool,
    ) -> None:
        """Subtract the mean in place.

        That of an encoded image must have the size of the top, and is not mirrored with it.
        """
        channels = values.shape[0]
        if not self.mean_file:
            if self.mean_values:
                values -= self.channel_means(channels)
            return
        mean = self._mean_for((channels, *pixels.shape[:2]))[:, window[0], window[1]]
        values -= mean[:, :, ::-1] if mirrored else mean

    def _seen(
        self, image: AnnotatedImage, window: NDArray[np.float32], *, mirrored: bool
    ) -> AnnotatedImage:
        """Return the boxes after resizing, cropping and mirroring (TransformAnnotation)."""
        height, width = image.height, image.width
        if self.resize_param is not None:
            image = replace(image, boxes=self.resize_param.boxes(image.boxes, height, width))
        image = image.seen(window, self.emit_constraint)
        boxes = image.boxes
        if mirrored:
            boxes = np.stack([1 - boxes[:, 2], boxes[:, 1], 1 - boxes[:, 0], boxes[:, 3]], 1)
        if self.resize_param is not None:
            boxes = self.resize_param.extrapolated(boxes, height, width, window)
        return replace(image, boxes=boxes)
