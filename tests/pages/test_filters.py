"""Filters of a first convolution as an image."""

from __future__ import annotations

import base64
import io
import re

import numpy as np

from caffetools.formats.blob import Blob
from caffetools.pages.filters import filter_figure, filter_sheet, png
from tests.drawing.cases import conv
from tests.nets import given, net
from tests.pages.test_weights_section import stored


def test_the_sheet() -> None:
    """Two filters of 1 x 2: -1 is 0, 0 is 128, 1 is 255; a white row and column between them."""
    values = np.array([-1, 0, 1, 0.5], dtype=np.float32).reshape(2, 1, 1, 2)
    sheet = filter_sheet(values)
    assert sheet[..., 0].tolist() == [[0, 128, 255, 255, 191, 255], [255] * 6]
    assert (sheet[..., 0] == sheet[..., 2]).all()


def test_channels_are_blue_green_red() -> None:
    values = np.array([1, 0, -1], dtype=np.float32).reshape(1, 3, 1, 1)
    assert filter_sheet(values)[0, 0].tolist() == [0, 128, 255]


def test_many_filters_in_rows_of_16() -> None:
    assert filter_sheet(np.full((20, 1, 3, 3), np.nan, np.float32)).shape == (2 * 4, 16 * 4, 3)


def test_a_figure_of_the_first_convolution() -> None:
    made = net(given("data", 1, 3, 8, 8) + conv("c", "data"))
    values = np.linspace(-1, 1, 4 * 3 * 3 * 3, dtype=np.float32)
    html = filter_figure(made, stored(("c", (Blob((4, 3, 3, 3), values),))))
    assert "<strong>c</strong> weight: 4 x 3 x 3 x 3, as RGB" in html
    found = re.search(r'src="data:image/png;base64,([^"]+)" width="64" height="16"', html)
    assert found
    assert base64.b64decode(found[1]) == png(filter_sheet(values.reshape(4, 3, 3, 3)))
    assert filter_figure(made, stored()) == ""
    of_features = net(given("data", 1, 4, 8, 8) + conv("c", "data"))
    blob = Blob((4, 4, 3, 3), np.zeros(144, np.float32))
    assert filter_figure(of_features, stored(("c", (blob,)))) == ""


def test_png() -> None:
    import matplotlib.image as images

    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    read = images.imread(io.BytesIO(png(pixels)), format="png")
    assert np.rint(read * 255).astype(int).tolist() == pixels.tolist()
