"""Compositions of Caffe's layers that resize: interpolation, adaptive pooling, pixel shuffle."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from caffetools.errors import CaffeToolsError
from caffetools.layers.blobs import dims
from caffetools.torch.to_caffe import axes
from caffetools.torch.to_caffe.draft import Array, Draft, Top
from caffetools.torch.to_caffe.sliding import Windows, convolved, pooling


def adaptive_pooling(d: Draft, x: Top, method: str) -> Top:
    """Pool into the extents of `d.shape`."""
    extents, wanted = x.shape[2:], d.shape[2:]
    if extents == wanted:
        return x
    if len(extents) == 1:
        d.shape = (*d.shape[:2], 1, *wanted)
        y = adaptive_pooling(d, axes.reshape(d, x, (*x.shape[:2], 1, *extents)), method)
        return axes.reshape(d, y, (*x.shape[:2], *wanted))
    if wanted == (1, 1):
        return d.one("Pooling", x, pool=method, global_pooling=True)
    if not any(old % new for old, new in zip(extents, wanted, strict=True)):
        kernel = [old // new for old, new in zip(extents, wanted, strict=True)]
        return pooling(d, x, method, Windows.of(kernel, kernel))
    if method == "MAX":
        text = f"adaptive pooling of {dims(extents)} to {dims(wanted)} has no form in Caffe"
        raise CaffeToolsError(text)
    return separable(d, x, [_means(*each) for each in zip(extents, wanted, strict=True)])


def _means(extent: int, wanted: int) -> Array:
    """Return the matrix of the means over the windows of adaptive pooling."""
    matrix = np.zeros((wanted, extent))
    for index in range(wanted):
        start, stop = index * extent // wanted, -(-(index + 1) * extent // wanted)
        matrix[index, start:stop] = 1 / (stop - start)
    return matrix


def resized(
    d: Draft, x: Top, ratios: Sequence[float | None], mode: str, coordinates: str, nearest: str
) -> Top:
    """Resize two axes to `d.shape`, in ONNX's terms: mode "nearest" or "linear", the place in the

    input by `coordinates`, rounded as `nearest` says. `ratios` is input by output, None for that of
    the extents.
    """
    if mode not in {"nearest", "linear"} or len(x.shape) != 4 or d.shape[:2] != x.shape[:2]:
        raise CaffeToolsError(f"resizing by the mode {mode} has no form in Caffe")
    matrices = []
    for old, new, given in zip(x.shape[2:], d.shape[2:], ratios, strict=True):
        places = _places(old, new, old / new if given is None else given, coordinates)
        places = _ROUNDED[nearest](places) if mode == "nearest" else places
        matrices.append(_matrix(old, new, places))
    return _enlarged(d, x, matrices)


_ROUNDED: dict[str, Callable[[Array], Array]] = {
    "floor": np.floor,
    "ceil": np.ceil,
    "round_prefer_floor": lambda places: np.ceil(places - 0.5),
    "round_prefer_ceil": lambda places: np.floor(places + 0.5),
}


def _places(old: int, new: int, ratio: float, coordinates: str) -> Array:
    """Return the place in the input of each element of the output."""
    places = np.arange(new, dtype=np.float64)
    if coordinates == "asymmetric":
        return places * ratio
    if coordinates == "align_corners":
        return places * (old - 1) / max(new - 1, 1)
    if coordinates == "pytorch_half_pixel" and new == 1:
        return np.zeros(1)
    if coordinates not in {"half_pixel", "pytorch_half_pixel"}:
        raise CaffeToolsError(f"the coordinates {coordinates} have no form in Caffe")
    return (places + 0.5) * ratio - 0.5


def _enlarged(d: Draft, x: Top, matrices: Sequence[Array]) -> Top:
    """Resize by a matrix `(out, in)` for each axis; copies are a Deconvolution if possible."""
    factors = [matrix.shape[0] / matrix.shape[1] for matrix in matrices]
    whole = [max(1, int(factor)) for factor in factors]
    copies = [
        np.array_equal(matrix, np.eye(matrix.shape[1]).repeat(factor, 0))
        for matrix, factor in zip(matrices, whole, strict=True)
    ]
    if not all(copies):
        return separable(d, x, matrices)
    channels = x.shape[1]
    weight = np.ones((channels, 1, *whole))
    windows = Windows.of(whole, whole)
    return convolved(d, "Deconvolution", x, weight, None, windows, channels)


def separable(d: Draft, x: Top, matrices: Sequence[Array]) -> Top:
    """Multiply the height and the width by a matrix `(out, in)` each.

    The width is the last axis, for InnerProduct; the height becomes the channels of a 1 x 1
    Convolution.
    """
    n, c, h, _ = x.shape
    height, width = matrices
    if not _is_identity(width):
        options = {"num_output": width.shape[0], "axis": 3, "bias_term": False}
        x = d.one("InnerProduct", x, blobs=[width], **options)
    if _is_identity(height):
        return x
    x = axes.reshape(d, x, (n * c, h, 1, x.shape[3]))
    windows = Windows.of((1, 1))
    x = convolved(d, "Convolution", x, height[:, :, None, None], None, windows, 1)
    return axes.reshape(d, x, (n, c, height.shape[0], x.shape[3]))


def _is_identity(matrix: Array) -> bool:
    return matrix.shape[0] == matrix.shape[1] and bool((matrix == np.eye(len(matrix))).all())


def pixel_shuffle(d: Draft, x: Top, factor: int) -> Top:
    """Move channels to positions: a Deconvolution that copies each of factor² channels once."""
    channels = x.shape[1] // factor**2
    weight = np.tile(np.eye(factor**2).reshape(-1, 1, factor, factor), (channels, 1, 1, 1))
    windows = Windows.of((factor, factor), factor)
    return convolved(d, "Deconvolution", x, weight, None, windows, channels)


def pixel_unshuffle(d: Draft, x: Top, factor: int) -> Top:
    """Move positions to channels: a Convolution that copies each of factor² positions once."""
    weight = np.tile(np.eye(factor**2).reshape(-1, 1, factor, factor), (x.shape[1], 1, 1, 1))
    windows = Windows.of((factor, factor), factor)
    return convolved(d, "Convolution", x, weight, None, windows, x.shape[1])


def _matrix(size: int, wanted: int, places: Array) -> Array:
    """Return the matrix `(wanted, size)` that interpolates linearly at places, limited to edges."""
    places = np.clip(places, 0, size - 1)
    low = np.minimum(np.floor(places).astype(int), size - 1)
    matrix = np.zeros((wanted, size))
    rows = np.arange(wanted)
    np.add.at(matrix, (rows, low), 1 - (places - low))
    np.add.at(matrix, (rows, np.minimum(low + 1, size - 1)), places - low)
    return matrix
