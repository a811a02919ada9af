from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError
from caffetools.formats.annotated_datum import Box
from caffetools.formats.datum import DatumFields, encoded_datum, raw_datum
from caffetools.torch.training.data.annotated_image import AnnotatedImage, EmitConstraint

PIXELS = np.arange(20 * 40 * 3, dtype=np.uint8).reshape(20, 40, 3)
BOXES = (Box(1, 0, 0.25, 0.25, 0.5, 0.5), Box(2, 3, 0.75, 0.5, 1, 1, True))
RAW = raw_datum(PIXELS, -1)


def read(record: bytes = RAW, color: bool | None = None) -> AnnotatedImage:
    return AnnotatedImage.read(DatumFields(record, "the record"), BOXES, color)


def corners(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)


def test_pixels() -> None:
    image = read()
    assert (image.pixels == PIXELS).all()
    assert (image.height, image.width, image.encoded) == (20, 40, False)
    assert image.boxes.tolist() == [[0.25, 0.25, 0.5, 0.5], [0.75, 0.5, 1, 1]]
    assert image.marks.tolist() == [[1, 0, 0], [2, 3, 1]]


def test_a_file() -> None:
    """The record's size is believed, where it says one."""
    cv2 = pytest.importorskip("cv2")
    data = bytes(cv2.imencode(".png", PIXELS)[1])
    image = read(encoded_datum(data, -1, (7, 9, 3)))
    assert (image.pixels == PIXELS).all()
    assert (image.height, image.width, image.encoded) == (7, 9, True)
    assert read(encoded_datum(data, -1), color=False).pixels.shape == (20, 40, 1)
    assert read(encoded_datum(data, -1)).height == 20


def test_a_patch() -> None:
    """Columns 10.5 -> 10 to 10 + int(30.5 - 10.5) = 30; the boxes in units of what was asked."""
    patch = corners(10.5 / 40, 0.25, 30.5 / 40, 1.5)
    image = read().cropped(patch, None)
    assert (image.pixels == PIXELS[5:20, 10:30]).all()
    assert image.marks[:, 0].tolist() == [1, 2]
    first, second = image.boxes.tolist()
    assert first == pytest.approx([0, 0, (20 - 10.5) / 20, 0.25 / 0.75])
    assert second == pytest.approx([(30 - 10.5) / 20, 0.25 / 0.75, 1, 1])


def test_a_patch_without_pixels() -> None:
    with pytest.raises(CaffeToolsError, match="a sampled patch has no pixels"):
        read().cropped(corners(0, 0, 0.01, 1), None)


def test_floats_are_not_cropped() -> None:
    image = read()
    floats = AnnotatedImage(PIXELS.astype(np.float32), 20, 40, image.boxes, image.marks, False)
    with pytest.raises(CaffeToolsError, match="expected bytes to expand or to sample"):
        floats.cropped(corners(0, 0, 0.5, 0.5), None)


def test_an_expanded_image() -> None:
    """What surrounds pixels is 32; 20 x 40 at (10, 20) of 40 x 80."""
    image = read().expanded((40, 80), (10, 20), np.zeros(3, np.uint8), None)
    assert image.pixels.shape == (40, 80, 3)
    assert (image.pixels[10:30, 20:60] == PIXELS).all()
    assert (image.pixels[:10] == 32).all()
    assert image.boxes[0].tolist() == [
        (20 + 10) / 80,
        (10 + 5) / 40,
        (20 + 20) / 80,
        (10 + 10) / 40,
    ]


def test_an_encoded_image_is_encoded_after_each_change() -> None:
    pytest.importorskip("cv2")
    image = AnnotatedImage(PIXELS, 20, 40, corners().reshape(0, 4), corners().reshape(0, 3))
    changed = image.changed(PIXELS)
    assert (changed.pixels != PIXELS).any()
    assert abs(changed.pixels.astype(int) - PIXELS).mean() < 12
    background = np.array([9, 90, 190], np.uint8)
    expanded = image.expanded((40, 80), (0, 0), background, None)
    assert expanded.pixels[35:, 70:].mean((0, 1)) == pytest.approx(background, abs=3)


WINDOW = corners(0.375, 0, 1, 1)


@pytest.mark.parametrize(
    ("emit", "labels"),
    [
        (None, [1, 2]),
        (EmitConstraint(), [1, 2]),  # the centre 0.375 lies on the edge
        (EmitConstraint("MIN_OVERLAP", 0.4), [1, 2]),
        (EmitConstraint("MIN_OVERLAP", 0.5), [2]),  # half is not more than half
    ],
)
def test_emit_constraints(emit: EmitConstraint | None, labels: list[int]) -> None:
    assert read().seen(WINDOW, emit).marks[:, 0].tolist() == labels


def test_a_centre_outside() -> None:
    assert read().seen(corners(0.4, 0, 1, 1), EmitConstraint()).marks[:, 0].tolist() == [2]
