"""How an image becomes an input of a net: read from data layers, and from files of steps."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from caffetools.errors import CaffeToolsError, Location, Note
from caffetools.formats.files import find_file
from caffetools.formats.weights import read_weights
from caffetools.layers.blobs import Shape
from caffetools.layers.image_data import ImageData
from caffetools.layers.items import ItemLayer
from caffetools.net.infer import InferredLayer
from caffetools.net.loading import load
from caffetools.net.net import Net
from caffetools.proto.message import Message
from caffetools.proto.source import decode, read_bytes
from caffetools.torch.export.module_spec import ModuleSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ImageSteps:
    """How an image becomes an input, in BGR or gray, as Caffe's data layers do it in a test."""

    shape: Shape
    """`(N, C, H, W)` of the input."""
    resize: tuple[int, int] | None = None
    """Height and width before the crop; None for those of the input, so that nothing is cropped."""
    mean: tuple[float, ...] = ()
    """To subtract from each channel."""
    mean_image: NDArray[np.float32] | None = None
    """To subtract instead, `(C, H, W)` of the input or of the resized image."""
    scale: float = 1.0
    notes: tuple[Note, ...] = ()

    @property
    def gray(self) -> bool:
        """Whether the input has one channel."""
        return self.shape[1] == 1

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the input."""
        return self.shape[2], self.shape[3]

    @property
    def resized(self) -> tuple[int, int]:
        """Height and width before the crop."""
        return self.resize or self.size

    @property
    def corner(self) -> tuple[int, int]:
        """Row and column of the center crop."""
        (rows, columns), (height, width) = self.resized, self.size
        return (rows - height) // 2, (columns - width) // 2

    @property
    def cropped_mean(self) -> NDArray[np.float32] | None:
        """The mean image at the center crop."""
        if self.mean_image is None or self.mean_image.shape[1:] == self.size:
            return self.mean_image
        top, left = self.corner
        return self.mean_image[:, top : top + self.size[0], left : left + self.size[1]]

    def lines(self) -> str:
        """Return the steps in words."""
        parts = ["gray" if self.gray else "BGR, 0 to 255"]
        parts.append("resize to {} x {}".format(*self.resized))
        if self.resize is not None:
            parts.append("crop {} x {}".format(*self.size))
        if self.mean_image is not None:
            parts.append("subtract a mean image")
        elif self.mean:
            parts.append(f"subtract {', '.join(f'{value:g}' for value in self.mean)}")
        if self.scale != 1:
            parts.append(f"times {self.scale:g}")
        return "; ".join(parts)

    def traps(self) -> str:
        """Return what is easily done wrong when others than `preprocess` do the steps."""
        parts = []
        if not self.gray:
            parts.append("`preprocess` takes RGB and reverses it")
        if len(self.mean) > 1:
            parts.append("the mean is in the order BGR")
        if self.scale != 1:
            parts.append(f"{self.scale:g} is a factor, no divisor, and follows the mean")
        return f"{'; '.join(parts)}." if parts else ""

    def checked(self) -> ImageSteps:
        """Return the steps; raise CaffeToolsError for sizes and means that do not fit."""
        channels, before, after = self.shape[1], self.resized, self.size
        if min(self.corner) < 0:
            text = "the size {} x {} to resize to is below the input's, {} x {}"
            raise CaffeToolsError(text.format(*before, *after))
        if len(self.mean) not in (0, 1, channels):
            text = f"expected a mean for each of {channels} channels"
            raise CaffeToolsError(f"{text}, found {len(self.mean)}")
        sizes = [(channels, *before), (channels, *after)]
        if self.mean_image is not None and self.mean_image.shape not in sizes:
            expected = " or ".join(str(size) for size in dict.fromkeys(sizes))
            text = f"the mean image expected {expected}, found {self.mean_image.shape}"
            raise CaffeToolsError(text)
        return self


def data_layer(net: Net) -> InferredLayer | None:
    """Return the first layer that reads images; None if there is none."""
    for layer in net.layers:
        shape = layer.tops[0] if layer.tops else None
        reads_images = isinstance(layer.layer, ItemLayer) or layer.node.message.has(
            "transform_param"
        )
        if not layer.node.bottoms and reads_images and (shape is None or _is_image(shape)):
            return layer
    return None


def data_steps(net: Net, shape: Shape | None = None) -> ImageSteps | None:
    """Return what a net's data layer does to images for an input, by default for its own top.

    None for a net without one, or of unknown shape. A missing mean image is left out, with a note.
    """
    layer = data_layer(net)
    shape = shape or (layer.tops[0] if layer is not None else None)
    if layer is None or shape is None:
        return None
    param = layer.node.message.message("transform_param")
    mean, notes = _mean_image(param)
    size = _size(layer, param)
    if size is None and param.integer("crop_size"):
        size = _stored_size(layer) if mean is None else (mean.shape[1], mean.shape[2])
    return ImageSteps(
        shape, size, tuple(param.numbers("mean_value")), mean, param.number("scale"), notes
    )


def module_steps(
    spec: ModuleSpec, path: str | None = None, train_val: str | None = None
) -> ImageSteps | None:
    """Return the steps for a module: those of its net's data layer, or of files as `with_sources`.

    Raises CaffeToolsError, located, for files that do not fit, and without an input of images.
    """
    if path is None and train_val is None:
        return data_steps(spec.net)
    images = [tensor.shape for tensor in spec.inputs if tensor.shape and _is_image(tensor.shape)]
    if not images:
        text = "expected an input of images, N x 1 or 3 x H x W, for steps of preprocessing"
        raise CaffeToolsError(text, spec.net.inferred.graph.message.location())
    steps = data_steps(spec.net, images[0]) or image_steps(images[0])
    try:
        return with_sources(steps, path, train_val).checked()
    except CaffeToolsError as error:
        raise error.at(Location(path or train_val or "")) from None


def image_steps(shape: Shape) -> ImageSteps:
    """Return the steps for an input `(N, C, H, W)` of which nothing else is known.

    Raises CaffeToolsError for an input that is no image.
    """
    if not _is_image(shape):
        text = f"expected an input of images, N x 1 or 3 x H x W, found {shape}"
        raise CaffeToolsError(text)
    return ImageSteps(shape)


def with_sources(steps: ImageSteps, path: str | None, train_val: str | None) -> ImageSteps:
    """Return the steps of a file that `deploy --preprocess` wrote, or of a net to train.

    Raises CaffeToolsError, located at the file, for any other file.
    """
    if train_val is not None:
        nets = (load(train_val, phase) for phase in ("test", "train"))
        found = next((made for net in nets if (made := data_steps(net, steps.shape))), None)
        if found is None:
            text = "expected a net with a data layer of images for --preprocess-from"
            raise CaffeToolsError(text, Location(train_val))
        steps = found
    return steps if path is None else _with_file(steps, path)


def _with_file(steps: ImageSteps, path: str) -> ImageSteps:
    try:
        data: Mapping[str, Any] = json.loads(decode(path, read_bytes(path)).text)
        size = data["resize"]
        return replace(
            steps,
            resize=None if size is None else (int(size[0]), int(size[1])),
            mean=tuple(map(float, data["mean"])),
            mean_image=None,
            scale=float(data["scale"]),
        )
    except (ValueError, KeyError, TypeError, IndexError) as error:
        text = f"expected what `deploy --preprocess` writes: {error}"
        raise CaffeToolsError(text, Location(path)) from None


def _is_image(shape: Shape) -> bool:
    return len(shape) == 4 and shape[1] in (1, 3)


def _size(layer: InferredLayer, param: Message) -> tuple[int, int] | None:
    """Return the height and width to resize to, in SSD's fork those of resize_param."""
    resize = next(iter(param.messages("resize_param")), None)
    if resize is not None and resize.text("resize_mode") == "WARP":
        return resize.integer("height"), resize.integer("width")
    if isinstance(layer.layer, ImageData) and layer.layer.size:
        return layer.layer.size
    return None


def _stored_size(layer: InferredLayer) -> tuple[int, int] | None:
    """Return the height and width of the images in the source; None if it is not there."""
    if not isinstance(layer.layer, ItemLayer) or layer.layer.spec.gives_tops:
        return None
    item = layer.layer.source_item()
    return (item.height, item.width) if item.height and item.width else None


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
