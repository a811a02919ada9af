"""What data layers make of images, read from nets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import Blob, binaryproto
from caffetools.formats.image import resize as resized
from caffetools.net.loading import from_text
from caffetools.proto.wire import LENGTH
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.model_code import preprocess_lines
from caffetools.torch.export.preprocess import (
    ImageSteps,
    data_steps,
    image_steps,
    module_steps,
    with_sources,
)
from caffetools.torch.runtime.transform import transform_image
from caffetools.torch.verbs.image_inputs import crop_image


def image_data(transform: str = "", size: str = "new_height: 8 new_width: 9") -> str:
    return (
        'layer { name: "d" type: "ImageData" top: "d" top: "l" image_data_param { '
        f'source: "-" batch_size: 2 {size} }} transform_param {{ {transform} }} }}'
    )


def made(text: str, **options: Any) -> ImageSteps | None:
    return data_steps(from_text(text, **options))


def test_all_options() -> None:
    found = made(image_data("crop_size: 5 mean_value: 1 scale: 0.5"))
    assert found == ImageSteps((2, 3, 5, 5), (8, 9), (1.0,), None, 0.5)
    assert found is not None
    assert not found.gray


def test_grey_images() -> None:
    found = made(image_data(size="new_height: 8 new_width: 8 is_color: false"))
    assert found is not None
    assert found.gray


def test_a_database_and_ssds_resizing() -> None:
    text = (
        'layer { name: "d" type: "Data" top: "d" data_param { source: "-" batch_size: 1 } '
        "transform_param { resize_param { resize_mode: WARP height: 30 width: 40 } } }"
    )
    found = made(text)
    assert found is not None
    assert (found.resize, found.shape) == ((30, 40), (1, 3, 30, 40))


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


def test_steps_in_words() -> None:
    steps = ImageSteps((2, 1, 2, 2), resize=(4, 4), mean=(10.0,), scale=0.5)
    assert steps.lines() == "gray; resize to 4 x 4; crop 2 x 2; subtract 10; times 0.5"
    assert steps.traps() == "0.5 is a factor, no divisor, and follows the mean."
    plain = image_steps((1, 3, 5, 6))
    assert plain.lines() == "BGR, 0 to 255; resize to 5 x 6"
    assert plain.traps() == "`preprocess` takes RGB and reverses it."


def test_the_size_before_the_crop_is_that_of_the_mean_image(tmp_path: Path) -> None:
    """A mean image of 4 x 5 and a crop of 2: rows (4 - 2) // 2 = 1 on, columns (5 - 2) // 2 = 1."""
    mean = np.arange(3 * 4 * 5, dtype=np.float32).reshape(3, 4, 5)
    (tmp_path / "mean.binaryproto").write_bytes(binaryproto(Blob((1, 3, 4, 5), mean.reshape(-1))))
    text = (
        'layer { name: "d" type: "Data" top: "d" data_param { source: "-" batch_size: 1 } '
        'transform_param { crop_size: 2 mean_file: "mean.binaryproto" } }'
    )
    found = made(text, name=str(tmp_path / "net.prototxt"))
    assert found is not None
    assert (found.resize, found.corner) == ((4, 5), (1, 1))
    cropped = found.checked().cropped_mean
    assert cropped is not None
    np.testing.assert_array_equal(cropped, mean[:, 1:3, 1:3])
    without = made(text.replace(' mean_file: "mean.binaryproto"', ""))
    assert without is not None
    assert without.resize is None


DEPLOY = (
    'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 } } }'
    'layer { name: "d" type: "Input" top: "d" '
    "input_param { shape { dim: 1 dim: 3 dim: 5 dim: 6 } } }"
    'layer { name: "f" type: "Flatten" bottom: "d" top: "f" }'
)


def test_steps_for_a_net_to_deploy(tmp_path: Path) -> None:
    spec = assemble(from_text(DEPLOY))
    assert module_steps(spec) is None
    (tmp_path / "steps.json").write_text('{"resize": [7, 8], "mean": [1, 2, 3], "scale": 0.017}')
    file = ImageSteps((1, 3, 5, 6), (7, 8), (1.0, 2.0, 3.0), None, 0.017)
    assert module_steps(spec, str(tmp_path / "steps.json")) == file
    # The shape of the data layer is unknown: only what it does matters.
    train = (
        'layer { name: "d" type: "Data" top: "d" data_param { source: "-" batch_size: 9 } '
        "include { phase: TRAIN } transform_param { mean_value: 4 scale: 2 } }"
    )
    (tmp_path / "train.prototxt").write_text(train)
    found = module_steps(spec, None, str(tmp_path / "train.prototxt"))
    assert found == ImageSteps((1, 3, 5, 6), None, (4.0,), None, 2.0)
    both = module_steps(spec, str(tmp_path / "steps.json"), str(tmp_path / "train.prototxt"))
    assert both == file


@pytest.mark.parametrize(
    ("wrong", "fragment"),
    [
        (ImageSteps((1, 1, 2, 2), resize=(1, 9)), "1 x 9 to resize to is below the input's, 2 x 2"),
        (ImageSteps((1, 1, 2, 2), mean=(1.0, 2.0)), "a mean for each of 1 channels, found 2"),
        (
            ImageSteps((1, 1, 2, 2), (3, 4), mean_image=np.ones((1, 9, 9), np.float32)),
            r"expected \(1, 3, 4\) or \(1, 2, 2\), found \(1, 9, 9\)",
        ),
    ],
)
def test_steps_that_do_not_fit(wrong: ImageSteps, fragment: str) -> None:
    with pytest.raises(CaffeToolsError, match=fragment):
        wrong.checked()


def test_files_that_do_not_fit(tmp_path: Path) -> None:
    spec, steps = assemble(from_text(DEPLOY)), image_steps((1, 3, 5, 6))
    path = tmp_path / "net.prototxt"
    path.write_text(DEPLOY)
    with pytest.raises(CaffeToolsError, match="expected what `deploy --preprocess` writes"):
        with_sources(steps, str(path), None)
    with pytest.raises(CaffeToolsError, match=r"net.prototxt: expected a net with a data layer of"):
        with_sources(steps, None, str(path))
    (tmp_path / "s.json").write_text('{"resize": [2, 2], "mean": [], "scale": 1}')
    with pytest.raises(CaffeToolsError, match=r"s.json: the size 2 x 2 to resize to is below"):
        module_steps(spec, str(tmp_path / "s.json"))
    with pytest.raises(CaffeToolsError, match="expected an input of images"):
        image_steps((1, 3))
    flat = assemble(from_text(DEPLOY.replace("dim: 5 dim: 6", "")))
    with pytest.raises(CaffeToolsError, match="<text>:1:1: expected an input of images"):
        module_steps(flat, str(path))


SIZES = st.integers(1, 12)


@given(st.sampled_from((1, 3)), SIZES, SIZES, st.tuples(SIZES, SIZES), st.data())
def test_preprocess_does_what_its_docstring_says_at_every_size(
    channels: int, height: int, width: int, size: tuple[int, int], data: st.DataObject
) -> None:
    """Its function in the text of a model, for images of any size, and what `classify` makes."""
    grown = (size[0] + data.draw(st.integers(0, 3)), size[1] + data.draw(st.integers(0, 3)))
    resize = data.draw(st.sampled_from((None, grown)))
    mean = tuple(map(float, range(1, 1 + data.draw(st.sampled_from((0, 1, channels))))))
    steps = ImageSteps((1, channels, *size), resize, mean, None, 0.5).checked()
    text = "\n".join(preprocess_lines(steps, None, ExpressionWriter()))
    assert f"from 0 to 255, into 1 x {channels} x {size[0]} x {size[1]}." in text
    names: dict[str, Any] = {"transform_image": transform_image, "Tensor": torch.Tensor}
    exec(compile(text, "model.py", "exec", dont_inherit=True), names)  # our own text
    pixels = np.random.default_rng(height * 13 + width).integers(0, 256, (height, width, channels))
    image = torch.from_numpy(pixels.astype(np.uint8)[:, :, ::-1].copy()).permute(2, 0, 1)
    found = names["preprocess"](image)
    assert found.shape == (1, channels, *size)
    made = resized(pixels.astype(np.uint8), *steps.resized).astype(np.float32).transpose(2, 0, 1)
    expected = crop_image(steps, made, *steps.corner)
    assert np.abs(found[0].numpy() - expected).max() <= 0.5  # a level that is rounded otherwise
