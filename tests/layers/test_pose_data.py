from __future__ import annotations

import pytest

from tests.layers.cases import check_refused, layer_text, set_up


def pose(options: str, field: str = "cpm_transform_param", tops: str = "data label") -> str:
    lines = f"{field} {{ {options} }}\ndata_param {{ batch_size: 10 backend: LMDB }}"
    return layer_text("CPMData", lines, "", tops)


def test_images_masks_and_maps() -> None:
    case = set_up(pose("stride: 8 crop_size_x: 368 crop_size_y: 376 num_parts: 56"))
    assert case.tops == ((10, 6, 376, 368), (10, 2 * (56 + 1), 376 // 8, 368 // 8))
    assert case.notes == ()


def test_the_options_of_the_first_forks() -> None:
    case = set_up(pose("stride: 8 crop_size_x: 368 crop_size_y: 368", "transform_param"))
    assert case.tops == ((10, 4, 368, 368), (10, 2 * (14 + 1), 46, 46))


def test_defaults() -> None:
    assert set_up(pose("", tops="data")).tops == ((10, 6, 368, 368),)


def test_a_test_net_takes_items_as_they_are() -> None:
    text = pose("stride: 8 num_parts: 18")
    case = set_up(text, phase="TEST")
    assert case.tops == (None, None)
    assert "nothing tells the shape of 'data'" in case.notes[0]
    case = set_up(text, phase="TEST", data_shape=(6, 80, 90))
    assert case.tops == ((10, 6, 80, 90), (10, 2 * (18 + 1), 80 // 8, 90 // 8))


@pytest.mark.parametrize("value", ["0", "-8", "8.5", "many", '"8"', "{ }"])
def test_refused(value: str) -> None:
    fragment = "expected stride to be an integer of at least 1"
    check_refused(pose(f"num_parts: 9 stride: {value}"), (), 2, 36, fragment)
