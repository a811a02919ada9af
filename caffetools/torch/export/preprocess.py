"""What a net's data layer does to an image, for `preprocess` of the exported module."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from caffetools.errors import Note
from caffetools.formats.files import find_file
from caffetools.formats.weights import read_weights
from caffetools.layers.blobs import Shape
from caffetools.layers.image_data import ImageData
from caffetools.layers.items import ItemLayer
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.proto.message import Message

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes an input of the net in phase TEST."""

    blob: str
    """The input."""
    shape: Shape
    size: tuple[int, int] | None
    """Height and width to resize images to."""
    crop_size: int
    """0 for no crop."""
    mean: tuple[float, ...]
    mean_image: NDArray[np.float32] | None
    scale: float
    notes: tuple[Note, ...] = ()

    @property
    def is_gray(self) -> bool:
        """Whether the input has one channel."""
        return self.shape[1] == 1


def preprocessing_of(net: Net) -> Preprocessing | None:
    """Return that of the first data layer with images, None if there is none.

    A missing mean image is left out, with a note.
    """
    return next(iter(_all(net)), None)


def _all(net: Net) -> Iterator[Preprocessing]:
    for layer in net.layers:
        node = layer.node
        shape = layer.tops[0] if layer.tops else None
        reads_images = isinstance(layer.layer, ItemLayer) or node.message.has("transform_param")
        if node.bottoms or not reads_images or shape is None or len(shape) != 4:
            continue
        if shape[1] in (1, 3):
            yield _of_layer(net, layer, shape)


def _of_layer(net: Net, layer: InferredLayer, shape: Shape) -> Preprocessing:
    param = layer.node.message.message("transform_param")
    mean, notes = _mean_image(param)
    return Preprocessing(
        net.blob(layer.node.tops[0]),
        shape,
        _size(layer, param),
        param.integer("crop_size"),
        tuple(param.numbers("mean_value")),
        mean,
        param.number("scale"),
        notes,
    )


def _size(layer: InferredLayer, param: Message) -> tuple[int, int] | None:
    """Return the height and width to resize to, in SSD's fork those of resize_param."""
    resize = next(iter(param.messages("resize_param")), None)
    if resize is not None and resize.text("resize_mode") == "WARP":
        return resize.integer("height"), resize.integer("width")
    if isinstance(layer.layer, ImageData) and layer.layer.size:
        return layer.layer.size
    return None


def _mean_image(param: Message) -> tuple[NDArray[np.float32] | None, tuple[Note, ...]]:
    """Read the image of mean_file, (C, H, W)."""
    if not param.has("mean_file"):
        return None, ()
    source = param.text("mean_file")
    path = find_file(source, os.path.dirname(param.source.name) or ".")
    if path is None:
        text = f"the mean image {source!a} is missing; preprocess does not subtract it"
        return None, (Note(param.location("mean_file"), text),)
    (blob,) = read_weights(path, "binaryproto").layers[0].blobs
    return blob.as_float32((1, *blob.shape)[-3:]), ()
