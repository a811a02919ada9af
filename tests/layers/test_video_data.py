from __future__ import annotations

import pytest

from caffetools.layers.base import Shape
from tests.layers.cases import check_refused, layer_text, set_up

SIZE = "new_height: 128 new_width: 171"


def video(options: str, transform: str = "", data: str = "", tops: str = "data label") -> str:
    lines = f"video_data_param {{ {options} }}\ntransform_param {{ {transform} }}"
    lines += f"\ndata_param {{ {data} }}" if data else ""
    return layer_text("VideoData", lines, "", tops)


@pytest.mark.parametrize(
    ("options", "channels"),
    [
        ("modality: RGB num_segments: 3 new_length: 1", 3 * 1 * 3),
        ("modality: FLOW num_segments: 3 new_length: 5", 2 * 5 * 3),
        ("num_segments: 1 new_length: 10", 2 * 10),  # flow is the default
        ("modality: RGB grayscale: true new_length: 4", 1 * 4),
        ("modality: RGB length_first: true new_length: 16", 3 * 16),
    ],
)
def test_frames_as_channels(options: str, channels: int) -> None:
    case = set_up(video(f"batch_size: 32 {options}", "crop_size: 224"))
    assert case.tops == ((32, channels, 224, 224), (32, 1, 1, 1))
    assert case.notes == ()


@pytest.mark.parametrize(
    ("options", "transform", "size", "label"),
    [
        (f"use_image: true {SIZE}", "crop_size: 112 mean_value: 128", (112, 112), (30,)),
        (SIZE, "", (128, 171), (30,)),
        (f"{SIZE} use_multiple_label: true num_of_labels: 5", "", (128, 171), (30, 5)),
    ],
)
def test_frames_as_an_axis(options: str, transform: str, size: Shape, label: Shape) -> None:
    case = set_up(video(f"batch_size: 30 new_length: 8 {options}", transform))
    assert case.tops == ((30, 3, 8, *size), label)
    assert case.notes == ()


def test_one_frame_after_the_other() -> None:
    transform = "resize_param { resize_mode: WARP height: 300 width: 200 }"
    text = video("video_type: WEBCAM device_id: 0", transform, "batch_size: 1", "data")
    assert set_up(text).tops == ((1, 3, 300, 200),)


@pytest.mark.parametrize("options", ["batch_size: 8 new_length: 16", "device_id: 0"])
def test_nothing_tells_the_size(options: str) -> None:
    case = set_up(video(options))
    assert case.tops[0] is None
    assert "nothing tells the shape of 'data'" in case.notes[0]


def test_the_users_word() -> None:
    text = video("batch_size: 8 new_length: 16 sampling_rate: 2")
    assert set_up(text, data_shape=(3, 30, 40)).tops[0] == (8, 3, 16, 30, 40)
    shapes = {"data": (8, 3, 16, 112, 112), "label": (8,)}
    assert set_up(text, input_shapes=shapes).tops == ((8, 3, 16, 112, 112), (8,))


@pytest.mark.parametrize(
    ("options", "column", "fragment"),
    [
        ("batch_size: 8 new_height: 128", 34, "expected new_height and new_width, found one"),
        ("batch_size: 2147483648", 20, "expected batch_size below 2^31"),
    ],
)
def test_refused(options: str, column: int, fragment: str) -> None:
    check_refused(video(options), (), 2, column, fragment)
