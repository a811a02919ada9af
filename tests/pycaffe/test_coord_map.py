from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.live_nets import caffe

L = caffe.layers
M = caffe.coord_map


def data() -> Any:
    return L.Input(shape={"dim": [1, 1, 100, 100]})


@pytest.mark.parametrize(
    ("layer", "scale", "shift"),
    [
        (lambda x: L.Convolution(x, kernel_size=5, stride=2, pad=1), 1 / 2, (1 - 2) / 2),
        (lambda x: L.Convolution(x, kernel_size=3, dilation=2), 1, -(5 - 1) / 2),
        (lambda x: L.Pooling(x, kernel_size=2, stride=2), 1 / 2, -0.5 / 2),
        (lambda x: L.Deconvolution(x, convolution_param={"kernel_size": 4, "stride": 2}), 2, 3 / 2),
        (L.ReLU, 1, 0),
        (lambda x: L.Crop(x, data(), offset=7), 1, -7),
    ],
)
def test_maps_of_layers(layer: Any, scale: float, shift: float) -> None:
    bottom = data()
    axis, a, b = M.coord_map_from_to(bottom, layer(bottom))
    assert axis in (1, None)
    np.testing.assert_allclose(np.ravel(a), scale)
    np.testing.assert_allclose(np.ravel(b), shift)


def test_a_map_and_its_inverse() -> None:
    bottom = data()
    top = L.Pooling(L.Convolution(bottom, kernel_size=5, stride=2), kernel_size=3, stride=3)
    forth, back = M.coord_map_from_to(bottom, top), M.coord_map_from_to(top, bottom)
    assert M.compose(forth, back)[1:] == (pytest.approx(1), pytest.approx(0))


def test_crop() -> None:
    bottom = data()
    top = L.Convolution(bottom, kernel_size=3, pad=10)  # its first center is 9 before the image
    assert M.crop(top, bottom).fn.params == {"crop_param": {"axis": 2, "offset": [10 - 1]}}
    assert M.crop(L.ReLU(bottom), bottom).fn.params["crop_param"] == {"axis": 2, "offset": [0]}


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda x: L.InnerProduct(x, num_output=2), RuntimeError, "not connected by spatial"),
        (lambda x: L.Pooling(x, kernel_size=2, stride=2), AssertionError, "scale mismatch"),
        (lambda x: L.Convolution(x, kernel_size=3), AssertionError, "negative offset"),
        (lambda x: L.Pooling(x, global_pooling=True), KeyError, "kernel_size"),
        (lambda x: L.Convolution(x, kernel_size=2, pad=1), AssertionError, "noninteger offset"),
        (
            lambda x: L.Convolution(x, kernel_size=2, pad_h=1),
            AssertionError,
            "support pad_h",
        ),
    ],
)
def test_what_cannot_be_cropped(make: Any, kind: type[Exception], message: str) -> None:
    bottom = data()
    with pytest.raises(kind, match=message):
        M.crop(make(bottom), bottom)


def test_axes_that_differ() -> None:
    bottom = data()
    other = L.Convolution(L.Convolution(bottom, kernel_size=3), kernel_size=3, axis=2)
    with pytest.raises(M.AxisMismatchException):
        M.coord_map_from_to(other, bottom)
