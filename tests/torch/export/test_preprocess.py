"""What data layers make of images, read from nets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caffetools.net.loading import from_text
from caffetools.proto.wire import LENGTH
from caffetools.torch.export.preprocess import Preprocessing, preprocessing_of


def image_data(transform: str = "", size: str = "new_height: 8 new_width: 9") -> str:
    return (
        'layer { name: "d" type: "ImageData" top: "d" top: "l" image_data_param { '
        f'source: "-" batch_size: 2 {size} }} transform_param {{ {transform} }} }}'
    )


def made(text: str, **options: Any) -> Preprocessing | None:
    return preprocessing_of(from_text(text, **options))


def test_all_options() -> None:
    found = made(image_data("crop_size: 5 mean_value: 1 scale: 0.5"))
    assert found == Preprocessing("d", (2, 3, 5, 5), (8, 9), 5, (1.0,), None, 0.5)
    assert found is not None
    assert not found.is_gray


def test_grey_images() -> None:
    found = made(image_data(size="new_height: 8 new_width: 8 is_color: false"))
    assert found is not None
    assert found.is_gray


def test_a_database_and_ssds_resizing() -> None:
    text = (
        'layer { name: "d" type: "Data" top: "d" data_param { source: "-" batch_size: 1 } '
        "transform_param { resize_param { resize_mode: WARP height: 30 width: 40 } } }"
    )
    found = made(text)
    assert found is not None
    assert (found.size, found.shape) == ((30, 40), (1, 3, 30, 40))


@pytest.mark.parametrize(
    "text",
    [
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 } } }',
        'layer { name: "x" type: "Data" top: "x" data_param { source: "-" batch_size: 1 } }',
    ],
)  # fmt: skip
def test_nets_without(text: str) -> None:
    assert made(text) is None


def blob_proto(array: np.ndarray[Any, Any]) -> bytes:
    """A BlobProto in the old form: num, channels, height and width as fields 1 to 4, data as 5."""
    head = b"".join(
        bytes([number << 3, extent]) for number, extent in zip((2, 3, 4), array.shape, strict=True)
    )
    data = array.astype("<f4").tobytes()
    return b"\x08\x01" + head + bytes([5 << 3 | LENGTH, len(data)]) + data


def test_a_mean_image(tmp_path: Path) -> None:
    mean = np.arange(3 * 2 * 2, dtype=np.float32).reshape(3, 2, 2)
    (tmp_path / "mean.binaryproto").write_bytes(blob_proto(mean))
    text = image_data('mean_file: "mean.binaryproto"', "new_height: 2 new_width: 2")
    found = made(text, name=str(tmp_path / "net.prototxt"))
    assert found is not None
    assert found.mean_image is not None
    np.testing.assert_array_equal(found.mean_image, mean)
    assert found.notes == ()


def test_a_mean_image_that_is_not_there() -> None:
    found = made(image_data('mean_file: "mean.binaryproto"'))
    assert found is not None
    assert found.mean_image is None
    assert [note.message for note in found.notes] == [
        "the mean image 'mean.binaryproto' is missing; preprocess does not subtract it"
    ]
