"""Crops, largest elements and items."""

from __future__ import annotations

import pytest

from tests.torch.emission import Shape, lines

CASES = (
    (
        "Crop crop_param { axis: 2 offset: 3 }",
        [(2, 3, 9, 9), (2, 3, 4, 4)],
        1,
        ["y = a[:, :, 3 : 3 + b.size(2), 3 : 3 + b.size(3)]"],
    ),
    (
        "Crop crop_param { axis: 1 offset: 0 offset: 1 offset: 2 }",
        [(2, 3, 9, 9), (2, 3, 4, 4)],
        1,
        ["y = a[:, : b.size(1), 1 : 1 + b.size(2), 2 : 2 + b.size(3)]"],
    ),
    ("ArgMax", [(2, 3, 4)], 1, ["y = caffe_argmax(a)"]),
    (
        "ArgMax argmax_param { axis: -2 top_k: 2 out_max_val: true }",
        [(2, 3, 4)],
        1,
        ["y = caffe_argmax(a, axis=1, top_k=2, out_max_val=True)"],
    ),
    ("BatchReindex", [(2, 3), (5,)], 1, ["y = a[b.long()]"]),
    ("Filter", [(2, 3), (2,)], 1, ["y = filter_items(b, a)[0]"]),
    ("Filter", [(2, 3), (2, 4), (2, 1)], 2, ["y, y1 = filter_items(c, a, b)"]),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected
