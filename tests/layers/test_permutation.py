from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.layers.blobs import Shape, count
from tests.layers.cases import check_explained, check_refused, set_up


def layer(kind: str, options: str = "", top: str = "y") -> str:
    return f'layer {{ name: "l" type: "{kind}" bottom: "x" top: "{top}"\n  {options} }}'


def permute(*order: int) -> str:
    return layer("Permute", f"permute_param {{ {' '.join(f'order: {axis}' for axis in order)} }}")


def transpose(options: str) -> str:
    return layer("Transpose", f"transpose_param {{ {options} }}")


def reorg(options: str) -> str:
    return layer("Reorg", f"reorg_param {{ {options} }}")


@pytest.mark.parametrize(
    ("text", "bottom", "top"),
    [
        (permute(0, 2, 3, 1), (8, 24, 38, 37), (8, 38, 37, 24)),
        (permute(1), (8, 24, 38, 37), (24, 8, 38, 37)),
        (permute(), (8, 24), (8, 24)),
        (permute(4, 0), (1, 2, 3, 4, 5), (5, 1, 2, 3, 4)),
        (permute(), (), ()),
        (transpose("dim: 2 dim: 0 dim: 1"), (10, 20, 30), (30, 10, 20)),
        (transpose("dim: 0 dim: 0"), (10, 20), (10, 10)),  # Caffe does not look for this
        (
            transpose("shape { dim: 40 dim: 2 dim: 16 } transposetype: CONVTOLSTM"),
            (2, 16, 5, 8),
            (5 * 8, 2, 16),
        ),
        (layer("Reverse"), (5, 4), (5, 4)),
        (layer("Reverse", "reverse_param { axis: 1 }"), (5, 4), (5, 4)),
        (layer("Flip"), (1, 3, 8, 8), (1, 3, 8, 8)),
        (layer("Flip", top="x"), (1, 3, 8, 8), (1, 3, 8, 8)),
        (layer("ShuffleChannel", "shuffle_channel_param { group: 3 }"), (2, 9, 7, 7), (2, 9, 7, 7)),
        (layer("ShuffleChannel"), (2, 9), (2, 9, 1, 1)),
        (reorg("stride: 2"), (1, 64, 38, 38), (1, 64 * 2 * 2, 19, 19)),
        (reorg("stride: 2 reverse: true"), (1, 64, 19, 19), (1, 64 // 4, 38, 38)),
    ],
)
def test_shapes(text: str, bottom: Shape, top: Shape) -> None:
    case = set_up(text, bottom)
    assert case.tops == (top,)
    assert case.params == {}
    assert case.macs == 0
    assert case.notes == ()
    check_explained(text, bottom)


@given(st.permutations(range(5)), st.lists(st.integers(1, 9), min_size=5, max_size=5))
def test_permute_and_transpose_agree(order: list[int], extents: list[int]) -> None:
    bottom = tuple(extents)
    (top,) = set_up(permute(*order), bottom).tops
    assert top is not None
    assert count(top) == count(bottom)
    assert set_up(transpose(" ".join(f"dim: {axis}" for axis in order)), bottom).tops == (top,)


@pytest.mark.parametrize(
    ("text", "bottom", "tops", "note"),
    [
        (
            layer("ShuffleChannel", "shuffle_channel_param { group: 4 }"),
            (1, 9, 2, 2),
            (1, 9, 2, 2),
            "9 channels do not divide into 4 groups: forward fails",
        ),
        (
            reorg("stride: 2"),
            (1, 3, 5, 4),
            (1, 3 * 2 * 2, 5 // 2, 4 // 2),
            "the top drops elements of 1 x 3 x 5 x 4",
        ),
        (
            reorg("stride: 2 reverse: true"),
            (1, 6, 5, 4),
            (1, 6 // 4, 5 * 2, 4 * 2),
            "the top drops elements of 1 x 6 x 5 x 4",
        ),
    ],
)
def test_notes(text: str, bottom: Shape, tops: Shape, note: str) -> None:
    case = set_up(text, bottom)
    assert case.tops == (tops,)
    assert case.notes == (note,)
    check_explained(text, bottom)


def test_reorg_explained() -> None:
    assert check_explained(reorg("stride: 2"), (1, 3, 5, 4)) == [
        "channels: 3 * 4 = 12",
        "height: floor(5 / 2) = 2",
        "width: 4 / 2 = 2",
    ]


def test_only_shuffled_channels_keep_their_places() -> None:
    shuffled = set_up(layer("ShuffleChannel"), (1, 4, 8, 8)).layer.layer
    permuted = set_up(permute(0, 2, 3, 1), (1, 4, 8, 8)).layer.layer
    assert shuffled is not None
    assert permuted is not None
    assert shuffled.windows(((1, 4, 8, 8),)) == []
    assert permuted.windows(((1, 4, 8, 8),)) is None


@pytest.mark.parametrize(
    ("text", "bottom", "line", "column", "fragment"),
    [
        (permute(0, 2, 2), (1, 2, 3, 4), 2, 37, "axis 2 is in the order twice"),
        (permute(0, 4), (1, 2, 3, 4), 2, 28, "expected an axis of 1 x 2 x 3 x 4, found 4"),
        (transpose("dim: 1"), (1, 2), 2, 21, "a dim for each axis of 1 x 2, found 1"),
        (transpose(""), (), 2, 3, "a dim for each axis of scalar, found 0"),
        (transpose("dim: 1 dim: -1"), (1, 2), 2, 28, "expected an axis of 1 x 2, found -1"),
        (
            transpose("shape { dim: 7 }"),
            (2, 3),
            2,
            21,
            "expected 6 elements, as 2 x 3 has, found 7 (7)",
        ),
        (layer("Transpose", top="x"), (1, 2), 1, 49, "cannot compute in place"),
        (layer("Reverse", top="x"), (1, 2), 1, 47, "cannot compute in place"),
        (layer("Reverse", "reverse_param { axis: 2 }"), (1, 2), 2, 19, "an axis of 1 x 2, found 2"),
        (layer("Reverse", "reverse_param { axis: -1 }"), (1, 2), 2, 19, "found -1"),
        (
            layer("ShuffleChannel", "shuffle_channel_param { group: 0 }"),
            (1, 4, 1, 1),
            2,
            27,
            "expected group of at least 1, found 0",
        ),
        (
            layer("ShuffleChannel", "shuffle_channel_param { group: 4294967295 }"),
            (1, 4, 1, 1),
            2,
            27,
            "expected group below 2^31",
        ),
        (layer("ShuffleChannel"), (1, 2, 3, 4, 5), 1, 1, "expected a bottom of at most 4 axes"),
        (reorg(""), (1, 4, 2, 2), 2, 3, "expected stride of at least 1, found 0"),
        (reorg("stride: 0"), (1, 4, 2, 2), 2, 17, "expected stride of at least 1, found 0"),
        (layer("Reorg", "reorg_param { stride: 2 }", "x"), (1, 4, 2, 2), 1, 45, "in place"),
    ],
)
def test_refused(text: str, bottom: Shape, line: int, column: int, fragment: str) -> None:
    check_refused(text, (bottom,), line, column, fragment)
