"""`caffe.Classifier`: a net with the preprocessing of its images (classifier.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caffetools.pycaffe.io import Transformer, resize_image
from caffetools.pycaffe.io import oversample as crops_of
from caffetools.pycaffe.net_front import Net
from caffetools.pycaffe.user_layer import PHASES

Array = NDArray[np.float32]


class ImageNet(Net):
    """A net in the phase TEST whose first input is an image.

    Parameters
    ----------
    model_file, pretrained_file : str
        The prototxt and the weights.
    mean, input_scale, raw_scale, channel_swap : optional
        As in `Transformer`.
    """

    def __init__(
        self,
        model_file: str,
        pretrained_file: str,
        mean: Array | None = None,
        input_scale: float | None = None,
        raw_scale: float | None = None,
        channel_swap: Sequence[int] | None = None,
    ) -> None:
        super().__init__(model_file, PHASES.index("TEST"), weights=pretrained_file)
        name = self.inputs[0]
        self.transformer = made = Transformer({name: self.blobs[name].data.shape})
        made.set_transpose(name, (2, 0, 1))
        if mean is not None:
            made.set_mean(name, mean)
        if input_scale is not None:
            made.set_input_scale(name, input_scale)
        if raw_scale is not None:
            made.set_raw_scale(name, raw_scale)
        if channel_swap is not None:
            made.set_channel_swap(name, channel_swap)

    def outputs_for(self, images: Sequence[Array]) -> Array:
        """Return the first output for images of any size, `(H, W, C)` each."""
        name = self.inputs[0]
        prepared = [self.transformer.preprocess(name, image) for image in images]
        given: dict[str, Any] = {name: np.asarray(prepared, np.float32)}
        return self.forward_all(**given)[self.outputs[0]]


class Classifier(ImageNet):
    """A net that classifies images, over ten crops of each if wanted.

    Parameters
    ----------
    model_file, pretrained_file : str
        The prototxt and the weights.
    image_dims : sequence of int, optional
        Height and width to which images are resized before they are cropped to the net's input;
        by default the size of the input.
    *options, **named : optional
        `mean`, `input_scale`, `raw_scale` and `channel_swap`, as in `Transformer`.
    """

    def __init__(
        self,
        model_file: str,
        pretrained_file: str,
        image_dims: Sequence[int] | None = None,
        *options: Any,
        **named: Any,
    ) -> None:
        super().__init__(model_file, pretrained_file, *options, **named)
        self.crop_dims: Any = np.array(self.blobs[self.inputs[0]].data.shape[2:])
        is_given = image_dims is not None and len(image_dims) > 0
        self.image_dims: Any = image_dims if is_given else self.crop_dims

    def predict(self, inputs: Sequence[Array], oversample: bool = True) -> Array:
        """Return the probabilities of images, `(N, C)`.

        With `oversample` they are averaged over ten crops, else those of the center crop.
        """
        images: Any = np.asarray([resize_image(image, self.image_dims) for image in inputs])
        if oversample:
            crops: Any = crops_of(images, self.crop_dims)
            found = self.outputs_for(crops)
            mean: Array = found.reshape(len(images), 10, -1).mean(1)
            return mean
        height, width = self.crop_dims
        top, left = ((np.array(self.image_dims) - self.crop_dims) / 2.0).astype(int)
        return self.outputs_for(images[:, top : top + height, left : left + width])
