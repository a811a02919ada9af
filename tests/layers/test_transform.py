from __future__ import annotations

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.layers.transform import Transform
from caffetools.proto.prototxt import parse
from caffetools.proto.source import Source


def transform(options: str) -> Transform:
    text = f"transform_param {{ {options} }}"
    return Transform(parse(Source("net.prototxt", text), "LayerParameter"))


def refusal(options: str, *size: int) -> tuple[int | None, str]:
    """The column and the message with which Caffe's answer stands."""
    with pytest.raises(CaffeToolsError) as caught:
        transform(options).size(*size)
    assert caught.value.location is not None
    return caught.value.location.column, caught.value.message


@pytest.mark.parametrize(
    ("options", "height", "width", "expected"),
    [
        ("", 20, 30, (20, 30)),
        ("", None, None, None),
        ("", 20, None, None),
        ("crop_size: 20", 20, 30, (20, 20)),
        ("crop_size: 20", None, None, (20, 20)),
        ("crop_h: 4 crop_w: 5", 20, 30, (4, 5)),
        ("crop_h: 4", 20, 30, (4, 30)),
        ("crop_h: 4 crop_w: 5 crop_size: 6", 20, 30, (6, 6)),
        ("crop_height: 4 crop_width: 5 crop_size: 6", 20, 30, (4, 5)),
        ("resize_param { height: 300 width: 200 }", None, None, (300, 200)),
        ("resize_param { height: 300 width: 200 } crop_size: 7", 1, 1, (7, 7)),
        (
            "resize_param { height: 300 width: 200 resize_mode: FIT_LARGE_SIZE_AND_PAD }",
            20,
            30,
            (300, 200),
        ),
        # An item of 500 x 375, wider than 4 x 3 asks for: its height becomes 300.
        (
            "resize_param { height: 300 width: 300 resize_mode: FIT_SMALL_SIZE }",
            375,
            500,
            (300, 400),  # 300 * 500 / 375
        ),
        (
            "resize_param { height: 300 width: 300 resize_mode: FIT_SMALL_SIZE }",
            500,
            375,
            (400, 300),  # 300 / (375 / 500)
        ),
        ("resize_param { height: 300 width: 1 resize_mode: FIT_SMALL_SIZE }", None, None, None),
        ("resize_param { resize_mode: FIT_SMALL_SIZE }", 20, 30, None),
        (
            "resize_param { height: 2147483647 width: 1 resize_mode: FIT_SMALL_SIZE }",
            1,
            2**31 - 1,
            (2**31 - 1, 2**31 - 1),
        ),
        # The first of several sizes to draw from.
        ("resize_param { height: 3 width: 4 } resize_param { height: 9 width: 9 }", 7, 7, (3, 4)),
        # Each extent of its own goes before crop_size.
        ("crop_height: 160 crop_width: 80", 256, 128, (160, 80)),
        ("crop_size: 5 crop_width: 6", 7, 7, (5, 6)),
        ("crop_width: 6", 7, 7, (7, 6)),
        ("crop_width: 6", None, None, None),
    ],
)
def test_size(
    options: str, height: int | None, width: int | None, expected: tuple[int, int] | None
) -> None:
    assert transform(options).size(height, width) == expected


def test_refused() -> None:
    assert refusal("crop_size: 21", 20, 30) == (19, "crop_size 21 exceeds the item's 20 x 30")
    assert refusal("crop_height: 8 crop_width: 2", 7, 7)[1] == (
        "crop_height 8 x 2 exceeds the item's 7 x 7"
    )
    assert refusal("crop_size: 2147483648")[0] == 19
    assert refusal("resize_param { width: 2147483648 }", 1, 1)[1].startswith("expected width below")
    column, message = refusal('mean_file: "m" mean_value: 1')
    assert (column, message) == (34, "expected mean_file or mean_value, found both")


@pytest.mark.parametrize(
    ("options", "channels"),
    [
        ("", None),
        ("force_color: true", 3),
        ("force_gray: true", 1),
        ("force_color: true force_gray: true", None),
    ],
)
def test_forced_channels(options: str, channels: int | None) -> None:
    assert transform(options).forced_channels() == channels


def test_decoding_in_colour_and_in_grey() -> None:
    transform("force_color: true").check_decoding()
    with pytest.raises(CaffeToolsError, match="force_color or force_gray, found both"):
        transform("force_color: true force_gray: true").check_decoding()
