from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import Blob, binaryproto
from caffetools.torch.training.data.draws import Draws
from caffetools.torch.training.data.transformer import Transform

ITEM = np.arange(2 * 4 * 5, dtype=np.uint8).reshape(2, 4, 5)


class Chosen(Draws):
    """Draws what the test says."""

    def __init__(self, *values: int) -> None:
        self.values = list(values)
        self.bounds: list[int] = []

    def below(self, bound: int) -> int:
        self.bounds.append(bound)
        return self.values.pop(0)


@pytest.mark.parametrize(
    ("options", "train", "draws", "bounds", "expected"),
    [
        ({}, True, (), [], ITEM),
        ({"scale": 0.5}, True, (), [], ITEM * 0.5),
        ({"mean_values": (3.0,)}, True, (), [], ITEM - 3.0),
        ({"mean_values": (3.0, 7.0)}, True, (), [], ITEM - np.array([[[3.0]], [[7.0]]])),
        # The mean goes before the scale.
        ({"mean_values": (3.0,), "scale": 2.0}, True, (), [], (ITEM - 3.0) * 2),
        # Mirroring is random in both phases, and drawn before the crop.
        ({"mirror": True}, False, (1,), [2], ITEM[:, :, ::-1]),
        ({"mirror": True}, True, (0,), [2], ITEM),
        ({"crop_size": 3}, True, (1, 2), [2, 3], ITEM[:, 1:4, 2:5]),
        ({"crop_size": 3, "mirror": True}, True, (1, 0, 1), [2, 2, 3], ITEM[:, 0:3, 3:0:-1]),
        # The centre: (4 - 3) // 2 = 0, (5 - 3) // 2 = 1.
        ({"crop_size": 3}, False, (), [], ITEM[:, 0:3, 1:4]),
    ],
)
def test_apply(
    options: dict[str, Any],
    train: bool,
    draws: tuple[int, ...],
    bounds: list[int],
    expected: np.ndarray,
) -> None:
    chosen = Chosen(*draws)
    found = Transform(**options).apply(ITEM, chosen, train=train)
    assert found.dtype == np.float32
    assert (found == expected).all()
    assert chosen.bounds == bounds


def test_the_mean_image_is_cropped_with_the_item(tmp_path: Path) -> None:
    path = tmp_path / "mean.binaryproto"
    mean = np.random.default_rng(0).normal(size=ITEM.shape).astype(np.float32)
    path.write_bytes(binaryproto(Blob(mean.shape, mean)))
    transform = Transform(mean_file=str(path), crop_size=2, scale=0.5, mirror=True)
    found = transform.apply(ITEM, Chosen(1, 2, 3), train=True)
    assert found == pytest.approx(((ITEM - mean) * 0.5)[:, 2:4, 3:5][:, :, ::-1])


@given(st.integers(0, 1000))
def test_a_crop_lies_within_the_item(number: int) -> None:
    found = Transform(crop_size=3).apply(ITEM, Draws(0, number), train=True)
    assert found.shape == (2, 3, 3)
    assert int(found[0, 0, 0]) in {5 * top + left for top in range(2) for left in range(3)}


def test_what_does_not_fit(tmp_path: Path) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"crop_size": 5}, "expected items of at least 5 x 5, found 4 x 5"),
        ({"mean_values": (1.0, 2.0, 3.0)}, "expected 1 mean_value or 2, one a channel, found 3"),
        ({"mean_file": str(tmp_path / "gone")}, "no such file"),
    ]
    path = tmp_path / "mean.binaryproto"
    path.write_bytes(binaryproto(Blob((2, 4, 4), np.zeros(32, np.float32))))
    cases.append(({"mean_file": str(path)}, "the mean image is (2, 4, 4), an item (2, 4, 5)"))
    for options, message in cases:
        with pytest.raises(CaffeToolsError) as caught:
            Transform(**options).apply(ITEM, Draws(0), train=True)
        assert message in caught.value.message
    path.write_bytes(b"\xff")
    with pytest.raises(CaffeToolsError, match=r"mean\.binaryproto: this is not a \.binaryproto"):
        Transform(mean_file=str(path)).apply(ITEM, Draws(0), train=True)


@pytest.mark.parametrize(
    ("color", "gray", "expected"),
    [(False, False, None), (True, False, True), (False, True, False)],
)
def test_color(color: bool, gray: bool, expected: bool | None) -> None:
    assert Transform(force_color=color, force_gray=gray).color is expected


def test_an_item_is_restored(tmp_path: Path) -> None:
    """Mean and scale are taken back; of a crop, the mean of each channel."""
    item = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    mean = np.stack([np.full((3, 4), 5), np.full((3, 4), 7)]).astype(np.float32)
    path = tmp_path / "mean.binaryproto"
    path.write_bytes(binaryproto(Blob(mean.shape, mean)))
    given: tuple[dict[str, Any], ...] = ({"mean_values": (5, 7)}, {"mean_file": str(path)})
    for options in given:
        transform = Transform(scale=0.5, **options)
        values = transform.apply(item, Draws(0), train=False)
        assert (transform.restored(values) == item).all()
        cropped = replace(transform, crop_size=2)
        values = cropped.apply(item, Draws(0), train=False)
        assert values.shape == (2, 2, 2)
        assert (cropped.restored(values) == item[:, :2, 1:3]).all()
