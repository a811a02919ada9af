"""An image with boxes: expanded, cropped, seen (the SSD fork's data_transformer.cpp)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError
from caffetools.formats.annotated_datum import Box
from caffetools.formats.datum import DatumFields
from caffetools.formats.opencv import decode_image, encode_image
from caffetools.torch.training.data.box_arithmetic import coverage, projected

_BLANK = 32
"""What surrounds an expanded image that is not encoded: the fork fills it with spaces."""


@dataclass(frozen=True)
class EmitConstraint:
    """Which boxes a window keeps: by their centre, or by the part of them that it shows."""

    emit_type: str = "CENTER"
    emit_overlap: float = 0.0

    def keeps(self, window: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which boxes remain (MeetEmitConstraint)."""
        if self.emit_type == "MIN_OVERLAP":
            shown: NDArray[np.bool_] = coverage(boxes, window[None]) > np.float32(self.emit_overlap)
            return shown
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        inside: NDArray[np.bool_] = (centres >= window[:2]) & (centres <= window[2:])
        return inside[:, 0] & inside[:, 1]


@dataclass(frozen=True)
class AnnotatedImage:
    """Pixels (H, W, C) and boxes (boxes, 4) with class, instance and flag (boxes, 3).

    `height` and `width` are those of the record, which the fork believes. An encoded image is
    encoded anew, as JPEG, after each change, in `color` as in `image.decode`.
    """

    pixels: NDArray[np.generic]
    height: int
    width: int
    boxes: NDArray[np.float32]
    marks: NDArray[np.float32]
    encoded: bool = True
    color: bool | None = None

    @classmethod
    def read(cls, datum: DatumFields, boxes: tuple[Box, ...], color: bool | None) -> AnnotatedImage:
        """Decode a Datum; raises CaffeToolsError if it cannot be."""
        pixels: NDArray[np.generic]
        if datum.encoded:
            pixels = decode_image(datum.data, color)
        else:
            pixels = datum.values().transpose(1, 2, 0)
        table = np.array([(*box[2:6], *box[:2], box[6]) for box in boxes], np.float32)
        table = table.reshape(-1, 7)
        height, width = (
            given or own for given, own in zip(datum.shape[1:], pixels.shape, strict=False)
        )
        return cls(pixels, height, width, table[:, :4], table[:, 4:], datum.encoded, color)

    def changed(self, pixels: NDArray[np.uint8]) -> AnnotatedImage:
        """Return the image with other pixels, after a JPEG's loss if it is encoded."""
        if self.encoded:
            pixels = decode_image(encode_image(pixels), self.color)
        return replace(self, pixels=pixels, height=pixels.shape[0], width=pixels.shape[1])

    def seen(self, window: NDArray[np.float32], emit: EmitConstraint | None) -> AnnotatedImage:
        """Return the image with its boxes in units of a window (TransformAnnotation)."""
        boxes, kept = projected(window, self.boxes)
        if emit is not None:
            kept = kept & emit.keeps(window, self.boxes)
        return replace(self, boxes=boxes[kept], marks=self.marks[kept])

    def cropped(self, patch: NDArray[np.float32], emit: EmitConstraint | None) -> AnnotatedImage:
        """Return a patch of the image (CropImage)."""
        patch = patch.clip(0, 1)
        rows, columns = self.pixels.shape[:2]
        scaled = patch * np.array([columns, rows, columns, rows], np.float32)
        left, top = int(scaled[0]), int(scaled[1])
        width, height = (scaled[2:] - scaled[:2]).astype(int).tolist()
        if not width or not height:
            raise CaffeToolsError("a sampled patch has no pixels")
        pixels = self._bytes()[top : top + height, left : left + width]
        return self.seen(patch, emit).changed(pixels)

    def expanded(
        self,
        size: tuple[int, int],
        place: tuple[int, int],
        background: NDArray[np.uint8],
        emit: EmitConstraint | None,
    ) -> AnnotatedImage:
        """Return the image at a place of a larger one (ExpandImage); both as height and width."""
        rows, columns = self.pixels.shape[:2]
        top, left = place
        canvas = np.empty((*size, self.pixels.shape[2]), np.uint8)
        canvas[...] = background if self.encoded else _BLANK
        canvas[top : top + rows, left : left + columns] = self._bytes()
        own = np.array([columns, rows], np.float32)
        corner, extent = np.array([left, top], np.float32), np.array(size[::-1], np.float32)
        window = np.concatenate([-corner / own, (extent - corner) / own])
        return self.seen(window, emit).changed(canvas)

    def _bytes(self) -> NDArray[np.uint8]:
        if self.pixels.dtype != np.uint8:
            raise CaffeToolsError("expected bytes to expand or to sample, found float_data")
        return self.pixels.astype(np.uint8, copy=False)
