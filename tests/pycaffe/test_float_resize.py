"""Expected numbers are of scikit-image 0.26.0 and SciPy 1.17.1, or worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from caffetools.pycaffe.float_resize import resized, zoomed

ROW = np.array([0.0, 1.0, 4.0, 9.0]).reshape(1, 4, 1)


def test_twice_as_wide_by_hand() -> None:
    """Places -0.25, 0.25, …: a quarter of the first pixel lies outside, where 0 is."""
    found = resized(ROW, 1, 8).ravel()
    expected = [0, 0.25, 0.75, 1.75, 3.25, 5.25, 7.75, 0.75 * 9]
    np.testing.assert_allclose(found, expected)


def test_half_as_wide_is_smoothed_first() -> None:
    """A deviation of (4 / 2 - 1) / 2 = 0.5, a kernel of e^0, e^-2 and e^-8; places 0.5 and 2.5."""
    kernel = np.exp([-8, -2, 0, -2, -8])
    smooth = np.convolve(ROW.ravel(), kernel / kernel.sum())[2:-2]
    expected = [(smooth[0] + smooth[1]) / 2, (smooth[2] + smooth[3]) / 2]
    np.testing.assert_allclose(resized(ROW, 1, 2).ravel(), expected)


def test_zoom_keeps_the_corners() -> None:
    np.testing.assert_allclose(zoomed(ROW, 1, 7).ravel(), [0, 0.5, 1, 2.5, 4, 6.5, 9])
    np.testing.assert_allclose(zoomed(ROW, 1, 2).ravel(), [0, 9])


def test_the_nearest_pixel() -> None:
    assert resized(ROW, 1, 8, order=0).ravel().tolist() == [0, 0, 1, 1, 4, 4, 9, 9]
    assert zoomed(ROW, 2, 4, order=0)[:1].ravel().tolist() == [0, 1, 4, 9]


def test_rounding_beyond_the_last_pixel_is_0_as_in_scipy() -> None:
    """226 · (255 / 226) is 255.00000000000003."""
    ones = np.ones((256, 1, 1))
    assert zoomed(ones, 227, 1).ravel().tolist() == [1] * 226 + [0]


def test_cubic_interpolation_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="order 3; use 0 or 1"):
        resized(ROW, 1, 8, order=3)


@pytest.mark.parametrize("shape", [((9, 7), (4, 5)), ((4, 5), (9, 7)), ((8, 8), (8, 3))])
def test_scikit_image_and_scipy(shape: tuple[tuple[int, int], tuple[int, int]]) -> None:
    transform = pytest.importorskip("skimage.transform")
    ndimage = pytest.importorskip("scipy.ndimage")
    old, new = shape
    image = np.random.default_rng(0).random((*old, 3))
    theirs = transform.resize(image, new, order=1, mode="constant")
    np.testing.assert_allclose(resized(image, *new), theirs, atol=1e-6)
    scale = (new[0] / old[0], new[1] / old[1], 1)
    np.testing.assert_allclose(zoomed(image, *new), ndimage.zoom(image, scale, order=1), atol=1e-9)
