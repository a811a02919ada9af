"""What is told of an item, and who goes before whom: with Data layers without their source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from caffetools.layers.blobs import Shape
from tests.formats.files import number, payload, varint
from tests.layers.cases import check_refused, layer_text, set_up

NOTHING_TELLS = "the shape of 'y' is unknown; pass --data-shape C,H,W or --input-shape y=N,C,H,W"
THREE = "3 channels are assumed; use --data-shape C,H,W or --input-shape y=N,C,H,W to change it"
RGB = "mean_value: 1 mean_value: 2 mean_value: 3"


def data(transform: str = "", options: str = "batch_size: 10", tops: str = "y z") -> str:
    lines = f"transform_param {{ {transform} }}\ndata_param {{ {options} }}"
    return layer_text("Data", lines, "", tops)


@pytest.mark.parametrize(
    ("transform", "data_shape", "item", "notes"),
    [
        ("", None, None, (NOTHING_TELLS,)),
        ("crop_size: 7", None, (3, 7, 7), (THREE,)),
        (f"crop_size: 7 {RGB}", None, (3, 7, 7), ()),
        ("crop_size: 7 mean_value: 1 mean_value: 2", None, (2, 7, 7), ()),
        ("crop_size: 7 mean_value: 1", None, (3, 7, 7), (THREE,)),
        ("crop_size: 7 force_gray: true", None, (1, 7, 7), ()),
        ("crop_size: 7 force_color: true", None, (3, 7, 7), ()),
        ("", (1, 28, 27), (1, 28, 27), ()),
        ("", (784,), (784, 1, 1), ()),
        ("", (1, 2, 3, 4), None, (NOTHING_TELLS,)),
        # The user's word comes after what the file says.
        (RGB, (1, 28, 28), (3, 28, 28), ()),
        ("force_gray: true", (3, 28, 28), (1, 28, 28), ()),
        ("crop_size: 7", (1, 28, 28), (1, 7, 7), ()),
        ("crop_size: 32", (1, 28, 28), (1, 32, 32), ()),
        ("resize_param { height: 30 width: 20 }", (1, 8, 8), (1, 30, 20), ()),
        (
            "resize_param { height: 30 width: 20 resize_mode: FIT_SMALL_SIZE }",
            (1, 8, 8),
            (1, 30, 30),
            (),
        ),
        (
            f"crop_size: 7 force_gray: true {RGB}",
            None,
            (1, 7, 7),
            ("3 values of mean_value for 1 channels: Caffe aborts at the first item",),
        ),
    ],
)
def test_item(
    transform: str, data_shape: Shape | None, item: Shape | None, notes: tuple[str, ...]
) -> None:
    case = set_up(data(transform), data_shape=data_shape)
    assert case.tops == (None if item is None else (10, *item), (10,))
    assert (case.notes, case.params, case.macs) == (notes, {}, 0)


@pytest.mark.parametrize(
    ("options", "tops"),
    [
        ({}, ((10, 3, 7, 7), (10,))),
        ({"batch_size": 4}, ((4, 3, 7, 7), (4,))),
        ({"input_shapes": {"y": (5, 1, 8, 8)}}, ((5, 1, 8, 8), (5,))),
        ({"input_shapes": {"y": (5, 1, 8, 8)}, "batch_size": 4}, ((4, 1, 8, 8), (4,))),
        ({"input_shapes": {"z": (10, 2)}}, ((10, 3, 7, 7), (10, 2))),
        ({"input_shapes": {"y": (), "z": (6,)}}, ((), (6,))),
    ],
)
def test_what_the_user_says_of_tops(options: dict[str, Any], tops: tuple[Shape, ...]) -> None:
    assert set_up(data(f"crop_size: 7 {RGB}"), **options).tops == tops


def test_one_top_is_without_labels() -> None:
    assert set_up(data(f"crop_size: 7 {RGB}", tops="y")).tops == ((10, 3, 7, 7),)


def test_odd_options() -> None:
    case = set_up(data(f"crop_size: 7 {RGB}", ""))
    assert case.tops == ((0, 3, 7, 7), (0,))
    assert case.notes == ("the batch is empty: Caffe aborts at the first item",)
    case = set_up(data(f"crop_size: 7 {RGB}", "batch_size: 1 crop_size: 5 mirror: true"))
    assert case.tops[0] == (1, 3, 7, 7)
    assert case.notes == (
        "Caffe does not read crop_size in data_param, only in transform_param",
        "Caffe does not read mirror in data_param, only in transform_param",
    )


def test_a_net_of_2014_has_them_in_data_param() -> None:
    text = """layers { type: DATA name: "l" top: "y" top: "z"
data_param { batch_size: 10 crop_size: 7 } }"""
    assert set_up(text).tops == ((10, 3, 7, 7), (10,))


def test_a_mean_image_tells_the_size_of_all(tmp_path: Path) -> None:
    old = number(1, 1) + number(2, 1) + number(3, 28) + number(4, 27)
    (tmp_path / "old.binaryproto").write_bytes(old)
    new = payload(7, payload(1, b"".join(map(varint, (3, 20, 30)))))
    (tmp_path / "new.binaryproto").write_bytes(new)
    (tmp_path / "text").write_text("num: 1")
    options: dict[str, Any] = {"folder": str(tmp_path), "data_shape": (2, 2, 2)}
    assert set_up(data('mean_file: "old.binaryproto"'), **options).tops[0] == (10, 1, 28, 27)
    assert set_up(data('mean_file: "new.binaryproto"'), **options).tops[0] == (10, 3, 20, 30)
    assert set_up(data('mean_file: "no.binaryproto"'), **options).tops[0] == (10, 2, 2, 2)
    cropped = 'crop_size: 9 force_color: true mean_file: "old.binaryproto"'
    assert set_up(data(cropped), **options).tops[0] == (10, 3, 9, 9)
    too_large = data('crop_size: 29 mean_file: "old.binaryproto"')
    check_refused(too_large, (), 2, 19, "29 exceeds the item's 28 x 27", **options)
    check_refused(data('mean_file: "text"'), (), 2, 19, "text' holds no blob", **options)


@pytest.mark.parametrize(
    ("transform", "options", "line", "column", "fragment"),
    [
        ('mean_value: 1 mean_file: "m"', "", 2, 19, "mean_file or mean_value, found both"),
        ("crop_size: 2147483648", "", 2, 19, "expected crop_size below 2^31"),
        ("", "batch_size: 2147483648", 3, 14, "expected batch_size below 2^31"),
    ],
)
def test_refused(transform: str, options: str, line: int, column: int, fragment: str) -> None:
    check_refused(data(transform, options), (), line, column, fragment)
