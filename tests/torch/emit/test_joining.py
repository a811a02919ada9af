"""Concat, Slice, Split and what ends blobs."""

from __future__ import annotations

import pytest

from tests.torch.emission import Shape, lines

CASES: tuple[tuple[str, list[Shape], int, list[str]], ...] = (
    ("Concat", [(2, 3), (2, 4)], 1, ["y = torch.cat([a, b], dim=1)"]),
    ("Concat concat_param { axis: -2 }", [(2, 3), (2, 3)], 1, ["y = torch.cat([a, b], dim=0)"]),
    ("Concat", [(2, 3)], 1, ["y = a"]),
    ("Slice", [(2, 6)], 3, ["y, y1, y2 = a.chunk(3, dim=1)"]),
    (
        "Slice slice_param { axis: 0 slice_point: 1 }",
        [(3, 6)],
        2,
        ["y, y1 = a.tensor_split((1,), dim=0)"],
    ),
    ("Slice", [(2, 6)], 1, ["y = a"]),
    ("Split", [(2, 6)], 2, ["y = a", "y1 = a"]),
    ("Silence", [(2, 6)], 0, []),
    ('HDF5Output hdf5_output_param { file_name: "x" }', [(2, 6), (2,)], 0, []),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected
