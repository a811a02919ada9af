"""`caffe.io`: images, preprocessing, and protobuf messages as arrays (io.py)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import Location
from caffetools.formats.files import read_bytes
from caffetools.formats.image import decode
from caffetools.pycaffe import caffe_pb2
from caffetools.pycaffe.faults import CaffeError, MissingFileError, failures
from caffetools.pycaffe.float_resize import resized, zoomed

Array = NDArray[Any]

_GRAY = np.array([0.2125, 0.7154, 0.0721])
"""Weights of red, green and blue in scikit-image's gray."""

_COLOR_AXES = 3


def _new(name: str, **fields: Any) -> Any:
    return caffe_pb2.protobuf_classes()[name](**fields)


def blobproto_to_array(blob: Any, return_diff: bool = False) -> Array:
    """Return the data of a BlobProto, or its gradients; ValueError if the shape does not fit."""
    data: Array = np.array(blob.diff if return_diff else blob.data)
    legacy = ("num", "channels", "height", "width")
    if any(blob.HasField(name) for name in legacy):
        return data.reshape([getattr(blob, name) for name in legacy])
    return data.reshape(tuple(blob.shape.dim))


def array_to_blobproto(arr: Array, diff: Array | None = None) -> Any:
    """Return a BlobProto of an array, and of gradients of its shape."""
    given = {} if diff is None else {"diff": diff.astype(float).flat}
    blob = _new("BlobProto", data=arr.astype(float).flat, **given)
    blob.shape.dim.extend(arr.shape)
    return blob


def arraylist_to_blobprotovector_str(arraylist: Iterable[Array]) -> bytes:
    """Return the bytes of a BlobProtoVector of arrays."""
    blobs = [array_to_blobproto(array) for array in arraylist]
    data: bytes = _new("BlobProtoVector", blobs=blobs).SerializeToString()
    return data


def blobprotovector_str_to_arraylist(str: bytes) -> list[Array]:  # noqa: A002  # pycaffe's name
    """Return the arrays in the bytes of a BlobProtoVector."""
    return [blobproto_to_array(blob) for blob in _new("BlobProtoVector").FromString(str).blobs]


def array_to_datum(arr: Array, label: int | None = None) -> Any:
    """Return a Datum of an array `(C, H, W)`: bytes if it is uint8, otherwise floats."""
    if arr.ndim != _COLOR_AXES:
        raise ValueError(f"Incorrect array shape: expected 3 axes, found {arr.ndim}")
    datum = _new("Datum")
    datum.channels, datum.height, datum.width = arr.shape
    if arr.dtype == np.uint8:
        datum.data = arr.tobytes()
    else:
        datum.float_data.extend(arr.astype(float).flat)
    if label is not None:
        datum.label = label
    return datum


def datum_to_array(datum: Any) -> Array:
    """Return the array `(C, H, W)` of a Datum, uint8 or float64."""
    shape: tuple[int, ...] = (datum.channels, datum.height, datum.width)
    if datum.data:
        pixels: Array = np.frombuffer(datum.data, np.uint8)
        copied: Array = pixels.copy().reshape(shape)
        return copied
    floats: Array = np.array(datum.float_data, float)
    return floats.reshape(shape)


class Transformer:
    """Prepare images for the inputs of a net, and undo it.

    Parameters
    ----------
    inputs : dict of str to tuple of int
        Shape `(N, C, H, W)` of each input.

    Examples
    --------
    >>> transformer = Transformer({"data": (1, 3, 227, 227)})
    >>> transformer.set_transpose("data", (2, 0, 1))
    >>> transformer.set_raw_scale("data", 255)
    >>> transformer.preprocess("data", np.ones((300, 300, 3))).shape
    (3, 227, 227)
    """

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self.inputs = inputs
        self.transpose: dict[str, Any] = {}
        self.channel_swap: dict[str, Any] = {}
        self.raw_scale: dict[str, Any] = {}
        self.mean: dict[str, Any] = {}
        self.input_scale: dict[str, Any] = {}

    def preprocess(self, in_: str, data: Array) -> Array:
        """Turn an image `(H', W', C)` into `(C, H, W)`.

        It is resized, transposed, its channels are swapped, it is multiplied by the raw scale, the
        mean is subtracted, and it is multiplied by the input scale.
        """
        self._check(in_)
        image: Array = data.astype(np.float32, copy=False)
        size = tuple(self.inputs[in_][2:])
        if image.shape[:2] != size:
            image = resize_image(image, size)
        if in_ in self.transpose:
            image = image.transpose(self.transpose[in_])
        if in_ in self.channel_swap:
            image = image[list(self.channel_swap[in_])]
        if in_ in self.raw_scale:
            image *= self.raw_scale[in_]  # in place, as in Caffe: without a resize or a swap
        if in_ in self.mean:  # these change `data`
            image -= self.mean[in_]
        if in_ in self.input_scale:
            image *= self.input_scale[in_]
        return image

    def deprocess(self, in_: str, data: Array) -> Array:
        """Undo `preprocess`, except for the size."""
        self._check(in_)
        image: Array = data.copy().squeeze()
        if in_ in self.input_scale:
            image /= self.input_scale[in_]
        if in_ in self.mean:
            image += self.mean[in_]
        if in_ in self.raw_scale:
            image /= self.raw_scale[in_]
        if in_ in self.channel_swap:
            image = image[np.argsort(self.channel_swap[in_]), :, :]
        if in_ in self.transpose:
            image = image.transpose(np.argsort(self.transpose[in_]))
        return image

    def set_transpose(self, in_: str, order: Sequence[int]) -> None:
        """Set the order of the axes: (2, 0, 1) for images of `(H, W, C)`."""
        self._check(in_)
        if len(order) != len(self.inputs[in_]) - 1:
            what = "Transpose order needs to have the same number of dimensions as the input"
            raise CaffeError(f"{what}, {len(self.inputs[in_]) - 1}, found {len(order)}")
        self.transpose[in_] = order

    def set_channel_swap(self, in_: str, order: Sequence[int]) -> None:
        """Set the order of the channels after the transpose: (2, 1, 0) makes BGR of RGB."""
        self._check(in_)
        if len(order) != self.inputs[in_][1]:
            what = "Channel swap needs to have the same number of dimensions as the input channels"
            raise CaffeError(f"{what}, {self.inputs[in_][1]}, found {len(order)}")
        self.channel_swap[in_] = order

    def set_raw_scale(self, in_: str, scale: float) -> None:
        """Set the factor before the mean is subtracted: 255 for images from 0 to 1."""
        self._check(in_)
        self.raw_scale[in_] = scale

    def set_mean(self, in_: str, mean: Array) -> None:
        """Set the mean, `(C,)` or `(C, H, W)`; another size is resized to the input's."""
        self._check(in_)
        wanted = tuple(self.inputs[in_][1:])
        if mean.ndim == 1:
            if len(mean) != wanted[0]:
                text = f"expected {wanted[0]}, found {len(mean)}"
                raise ValueError(f"Mean channels incompatible with input: {text}")
            mean = mean[:, np.newaxis, np.newaxis]
        else:
            shape = (1, *mean.shape) if mean.ndim == _COLOR_AXES - 1 else mean.shape
            if len(shape) != _COLOR_AXES:
                raise ValueError(f"Mean shape invalid: expected 1 to 3 axes, found {mean.ndim}")
            if shape != wanted:
                least, most = mean.min(), mean.max()
                normal = (mean - least) / (most - least)
                normal = resize_image(normal.transpose(1, 2, 0), wanted[1:]).transpose(2, 0, 1)
                mean = normal * (most - least) + least
        self.mean[in_] = mean

    def set_input_scale(self, in_: str, scale: float) -> None:
        """Set the factor after the mean is subtracted."""
        self._check(in_)
        self.input_scale[in_] = scale

    def _check(self, in_: str) -> None:
        if in_ not in self.inputs:
            raise CaffeError(f"{in_} is not one of the net inputs: {self.inputs}")


def load_image(filename: str, color: bool = True) -> Array:
    """Read an image as float32 from 0 to 1: `(H, W, 3)` in RGB, or `(H, W, 1)` in gray."""
    if not os.path.exists(filename):
        raise MissingFileError("no such file", Location(filename))
    with failures(Location(filename)):
        image = decode(read_bytes(filename), None)
    pixels: Array = image * (1 / 255)
    if pixels.shape[2] == 1:
        return np.tile(pixels, (1, 1, 3 if color else 1)).astype(np.float32)
    rgb = pixels[:, :, [2, 1, 0]]
    return (rgb if color else (rgb @ _GRAY)[:, :, np.newaxis]).astype(np.float32)


def resize_image(im: Array, new_dims: Sequence[int], interp_order: int = 1) -> Array:
    """Resize an image `(H, W, C)` to `new_dims`, height and width, in float32.

    One or three channels are resized as scikit-image does, others as SciPy does.
    """
    height, width = map(int, new_dims)
    if im.shape[-1] not in (1, _COLOR_AXES):
        return zoomed(im, height, width, interp_order).astype(np.float32)
    least, most = im.min(), im.max()
    if most == least:
        return np.full((height, width, im.shape[-1]), least, np.float32)
    normal = resized((im - least) / (most - least), height, width, interp_order)
    result: Array = normal * (most - least) + least
    return result.astype(np.float32)


def oversample(images: Sequence[Array], crop_dims: Sequence[int]) -> Array:
    """Return ten crops of each image: four corners, the center, and their mirror images.

    `images` are `(H, W, C)` of one size; returns `(10 * N, *crop_dims, C)` in float32.
    """
    height, width = map(int, crop_dims)
    size = images[0].shape
    below, right = size[0] - height, size[1] - width
    center = (int(size[0] / 2.0 - height / 2.0), int(size[1] / 2.0 - width / 2.0))
    places = [(0, 0), (0, right), (below, 0), (below, right), center]
    crops = np.empty((10 * len(images), height, width, size[-1]), np.float32)
    for number, image in enumerate(images):
        for index, (y, x) in enumerate(places):
            crop = image[y : y + height, x : x + width]
            crops[10 * number + index] = crop
            crops[10 * number + index + 5] = crop[:, ::-1]
    return crops
