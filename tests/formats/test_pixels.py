from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("PIL")

from caffetools.errors import CaffeToolsError
from caffetools.formats.pixels import decode, resize
from tests.torch.training.data.images import COLOURS, encoded

GREY = np.array([[1, 2], [3, 4]], np.uint8)
ALPHA = np.concatenate([COLOURS, [[[7], [8]]]], axis=2).astype(np.uint8)


@pytest.mark.parametrize(
    ("image", "color", "expected"),
    [
        (COLOURS, True, COLOURS[:, :, ::-1]),
        (COLOURS, None, COLOURS[:, :, ::-1]),
        (GREY, None, GREY[:, :, np.newaxis]),
        (GREY, False, GREY[:, :, np.newaxis]),
        (GREY, True, np.repeat(GREY[:, :, np.newaxis], 3, axis=2)),
        (ALPHA, True, COLOURS[:, :, ::-1]),
        (ALPHA, None, ALPHA[:, :, [2, 1, 0, 3]]),
    ],
)
def test_decode(image: np.ndarray, color: bool | None, expected: np.ndarray) -> None:
    found = decode(encoded(image), color)
    assert found.shape == expected.shape
    assert (found == expected).all()


def test_grey_of_colours() -> None:
    """0.299 red + 0.587 green + 0.114 blue: 18.15 and 48.15."""
    assert decode(encoded(COLOURS), color=False).flatten().tolist() == [18, 48]


@pytest.mark.parametrize(
    "data", [b"", b"no image", encoded(COLOURS)[:40], encoded(GREY, "TIFF")[:60]]
)
def test_what_is_no_image(data: bytes) -> None:
    with pytest.raises(CaffeToolsError, match="the image cannot be decoded"):
        decode(data, color=True)


def test_half_the_size_is_the_mean_of_four() -> None:
    image = np.array([[[1], [2], [10], [10]], [[3], [4], [10], [13]]], np.uint8)
    # (1 + 2 + 3 + 4 + 2) >> 2 = 3, (43 + 2) >> 2 = 11.
    assert resize(image, 1, 2).flatten().tolist() == [3, 11]


@pytest.mark.parametrize(
    ("row", "width", "expected"),
    [
        ([0, 100], 4, [0, 25, 75, 100]),  # centres at -0.25, 0.25, 0.75, 1.25
        ([10, 20, 30], 2, [13, 28]),  # at 0.25 and 1.75: 12.5 and 27.5
        ([7], 3, [7, 7, 7]),
        ([0, 30, 60], 1, [30]),
    ],
)
def test_resize_is_bilinear_between_centres(
    row: list[int], width: int, expected: list[int]
) -> None:
    """Along a row, and along a column."""
    image = np.array(row, np.uint8).reshape(1, -1, 1)
    assert resize(image, 1, width).flatten().tolist() == pytest.approx(expected, abs=0.51)
    turned = resize(image.transpose(1, 0, 2), width, 1)
    assert turned.flatten().tolist() == pytest.approx(expected, abs=0.51)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_resize_stays_within_a_rounding_of_the_real_numbers(
    height: int, width: int, new_height: int, new_width: int
) -> None:
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    found = resize(image, new_height, new_width)
    assert found.shape == (new_height, new_width, 3)
    if (height, width) == (2 * new_height, 2 * new_width):
        return
    wanted = image.astype(float)
    for axis, new in ((0, new_height), (1, new_width)):
        old = wanted.shape[axis]
        place = (np.arange(new) + 0.5) * old / new - 0.5
        first = np.floor(place).astype(int)
        part = np.expand_dims(place - first, tuple(a for a in range(3) if a != axis))
        low, high = (np.take(wanted, i.clip(0, old - 1), axis) for i in (first, first + 1))
        wanted = low * (1 - part) + high * part
    assert abs(found - wanted).max() <= 1


def test_the_same_size_is_the_same_image() -> None:
    assert resize(COLOURS, 1, 2) is COLOURS
