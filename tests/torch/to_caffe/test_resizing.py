"""Resizing, compared with PyTorch's functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe import resizing
from tests.torch.drafts import computed, converted, drafted, drawn, ends, types

SEPARABLE = ["InnerProduct", "Reshape", "Convolution", "Reshape"]


@pytest.mark.parametrize(
    ("options", "layers"),
    [
        ({"scale_factor": 2}, ["Deconvolution"]),
        ({"scale_factor": (3, 2)}, ["Deconvolution"]),
        ({"size": (13, 5)}, SEPARABLE),
        ({"scale_factor": 1.5}, SEPARABLE),
        ({"scale_factor": (1, 1.5)}, ["InnerProduct"]),
        ({"scale_factor": 2, "mode": "bilinear"}, SEPARABLE),
        ({"size": (13, 7), "mode": "bilinear"}, SEPARABLE),
        ({"size": (13, 7), "mode": "bilinear", "align_corners": True}, SEPARABLE),
        ({"size": (1, 1), "mode": "bilinear", "align_corners": True}, SEPARABLE),
    ],
)
def test_interpolation(options: dict[str, Any], layers: list[str]) -> None:
    net = converted(lambda x: F.interpolate(x, **options))
    assert types(net.prototxt) == layers
    assert net.difference < 2e-6


@pytest.mark.parametrize(
    ("size", "layers"),
    [
        ((8, 10), []),
        ((1, 1), ["Pooling"]),
        ((4, 5), ["Pooling"]),
        ((3, 4), SEPARABLE),
        ((16, 10), ["Reshape", "Convolution", "Reshape"]),
    ],
)
def test_adaptive_averages(size: tuple[int, int], layers: list[str]) -> None:
    net = converted(lambda x: F.adaptive_avg_pool2d(x, size))
    assert types(net.prototxt) == layers
    assert net.difference < 1e-6


def test_adaptive_maxima_of_unequal_windows_are_refused() -> None:
    d, x = drafted((1, 1, 8, 10))
    d.start("pool", (1, 1, 3, 5))
    with pytest.raises(CaffeToolsError, match="adaptive pooling of 8 x 10 to 3 x 5"):
        resizing.adaptive_pooling(d, x, "MAX")


@pytest.mark.parametrize("factor", [2, 3])
def test_pixel_shuffle_and_back(factor: int) -> None:
    x = drawn(1, 2 * factor**2, 2, 3)
    d, a = drafted(x.shape)
    y = resizing.pixel_shuffle(d, a, factor)
    np.testing.assert_array_equal(computed(d, y, x), F.pixel_shuffle(torch.tensor(x), factor))
    np.testing.assert_array_equal(computed(d, resizing.pixel_unshuffle(d, y, factor), x), x)
    assert types(ends(d, y).text) == ["Deconvolution"]


@pytest.mark.parametrize(
    ("mode", "coordinates", "text"),
    [("cubic", "half_pixel", "the mode cubic"), ("linear", "tf_crop", "the coordinates tf_crop")],
)
def test_refusals(mode: str, coordinates: str, text: str) -> None:
    d, x = drafted((1, 1, 4, 4))
    d.start("up", (1, 1, 8, 8))
    with pytest.raises(CaffeToolsError, match=text):
        resizing.resized(d, x, [None, None], mode, coordinates, "floor")
