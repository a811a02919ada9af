"""`caffe.Detector`: classification of windows of images (detector.py)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from caffetools.pycaffe.classifier import Array, ImageNet
from caffetools.pycaffe.faults import CaffeError
from caffetools.pycaffe.io import load_image, resize_image


class Detector(ImageNet):
    """A net that classifies windows of images.

    Parameters
    ----------
    model_file, pretrained_file : str
        The prototxt and the weights.
    mean, input_scale, raw_scale, channel_swap : optional
        As in `Transformer`.
    context_pad : int, optional
        Pixels of the net's input, on each side, that show what surrounds a window (R-CNN).
    """

    def __init__(  # noqa: PLR0917  # pycaffe's order
        self,
        model_file: str,
        pretrained_file: str,
        mean: Array | None = None,
        input_scale: float | None = None,
        raw_scale: float | None = None,
        channel_swap: Sequence[int] | None = None,
        context_pad: int | None = None,
    ) -> None:
        super().__init__(model_file, pretrained_file, mean, input_scale, raw_scale, channel_swap)
        self.configure_crop(context_pad)

    def detect_windows(self, images_windows: Iterable[tuple[str, Any]]) -> list[dict[str, Any]]:
        """Classify windows, each `(ymin, xmin, ymax, xmax)`, of image files.

        Returns one dict for each window: `window`, `prediction` and `filename`.
        """
        found = []
        crops = []
        for filename, windows in images_windows:
            image = load_image(filename)
            for window in windows:
                crops.append(self.crop(image, window))
                found.append({"window": window, "filename": filename})
        predictions = self.outputs_for(crops)
        return [
            {**each, "prediction": values} for each, values in zip(found, predictions, strict=True)
        ]

    def detect_selective_search(self, image_fnames: Sequence[str]) -> list[dict[str, Any]]:
        """Not there: raises RuntimeError, since the proposals come from a MATLAB program."""
        text = "detect_selective_search is not in caffetools.pycaffe; use detect_windows"
        raise CaffeError(text)

    def crop(self, im: Array, window: Any) -> Array:
        """Return a window of an image, with its surroundings if `context_pad` is set."""
        if not self.context_pad:
            return im[window[0] : window[2], window[1] : window[3]]
        side = self.blobs[self.inputs[0]].width
        box = np.array(window, float)
        half = (box[2:] - box[:2] + 1) / 2
        grown = half * (side / (side - self.context_pad * 2))
        box = np.round(np.concatenate([box[:2] + half - grown, box[:2] + half + grown]))
        scale = side / (box[2:] - box[:2] + 1)
        pad_y, pad_x = (round(max(0, -box[axis]) * scale[axis]) for axis in (0, 1))
        box = np.clip(box, 0, [*im.shape[:2], *im.shape[:2]]).astype(int)
        sizes = box[2:] - box[:2] + 1
        assert (sizes > 0).all(), f"the window {list(window)} is outside of the image"
        height, width = (
            min(round(sizes[axis] * scale[axis]), side - pad)
            for axis, pad in ((0, pad_y), (1, pad_x))
        )
        part = resize_image(im[box[0] : box[2], box[1] : box[3]], (height, width))
        result: Array = np.ones(self.crop_dims, np.float32) * self.crop_mean
        result[pad_y : pad_y + height, pad_x : pad_x + width] = part
        return result

    def configure_crop(self, context_pad: int | None) -> None:
        """Set `context_pad`, and what fills a crop outside of its image: the mean."""
        name, made = self.inputs[0], self.transformer
        transpose = made.transpose[name]
        back = [transpose[axis] for axis in transpose]
        self.crop_dims = np.array(self.blobs[name].data.shape[1:])[back]
        self.context_pad = context_pad
        self.crop_mean = np.zeros(self.crop_dims, np.float32)
        if not context_pad or name not in made.mean:
            return
        mean = made.mean[name].copy().transpose(back)
        if name in made.channel_swap:
            order = list(made.channel_swap[name])
            mean = mean[:, :, [order.index(channel) for channel in range(mean.shape[2])]]
        self.crop_mean = mean / made.raw_scale.get(name, 1)
