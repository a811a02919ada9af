"""Selecting, joining, moving and reducing, compared with NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe import axes
from tests.torch.drafts import computed, drafted, drawn, ends, types

SHAPES = st.lists(st.integers(1, 4), min_size=2, max_size=5).map(tuple)


@given(st.data(), SHAPES, st.sampled_from(["bvlc", "ssd"]))
def test_permute(data: st.DataObject, shape: tuple[int, ...], profile: str) -> None:
    order = data.draw(st.permutations(range(len(shape))))
    d, x = drafted(shape, profile=profile)
    y = axes.permute(d, x, order)
    np.testing.assert_array_equal(computed(d, y, drawn(*shape)), drawn(*shape).transpose(order))


@pytest.mark.parametrize(
    ("profile", "expected"),
    [("ssd", ["Permute"]), ("bvlc", ["Reshape", "Slice", "Concat", "Reshape"])],
)
def test_permute_by_profile(profile: str, expected: list[str]) -> None:
    d, x = drafted((1, 3, 4, 5), profile=profile)
    assert types(ends(d, axes.permute(d, x, (0, 2, 3, 1))).text) == expected


@pytest.mark.parametrize(
    ("shape", "order", "expected"),
    [
        ((2, 9, 10), (0, 2, 1), ["Reshape", "Deconvolution", "Reshape"]),
        ((2, 10, 9), (0, 2, 1), ["Reshape", "Convolution", "Reshape"]),
        ((2, 9, 12, 3), (0, 2, 1, 3), ["Deconvolution", "Reshape"]),
        ((2, 12, 9, 3), (0, 2, 1, 3), ["Reshape", "Convolution"]),
    ],
)
def test_many_elements_are_moved_by_a_kernel(
    shape: tuple[int, ...], order: tuple[int, ...], expected: list[str]
) -> None:
    d, x = drafted(shape)
    y = axes.permute(d, x, order)
    assert types(ends(d, y).text) == expected
    np.testing.assert_array_equal(computed(d, y, drawn(*shape)), drawn(*shape).transpose(order))


def test_permute_of_too_many_elements_is_refused() -> None:
    d, x = drafted((1, 2049, 3000))
    with pytest.raises(CaffeToolsError, match="2049 x 3000 is too large; the type Permute may"):
        axes.permute(d, x, (0, 2, 1))


def test_a_constant_operand_becomes_a_blob() -> None:
    d, x = drafted((2, 3))
    for value in (drawn(1, 4), np.zeros((1, 4))):
        y = axes.as_top(d, value, [x])
        np.testing.assert_array_equal(computed(d, y, drawn(2, 3)), np.float32(value))
    assert axes.as_top(d, x, []) == x
    with pytest.raises(CaffeToolsError, match="a constant of other axes than its operands"):
        axes.as_top(d, drawn(4), [x])


@given(st.data(), SHAPES)
def test_gather(data: st.DataObject, shape: tuple[int, ...]) -> None:
    axis = data.draw(st.integers(0, len(shape) - 1))
    places = data.draw(st.lists(st.integers(0, shape[axis] - 1), min_size=1, max_size=6))
    d, x = drafted(shape)
    y = axes.gather(d, x, axis, places)
    np.testing.assert_array_equal(computed(d, y, drawn(*shape)), drawn(*shape).take(places, axis))


def test_gather_of_nothing_and_of_too_much() -> None:
    d, x = drafted((1, 200))
    with pytest.raises(CaffeToolsError, match="an empty tensor"):
        axes.gather(d, x, 1, [])
    with pytest.raises(CaffeToolsError, match="100 slices of one tensor exceed 64"):
        axes.gather(d, x, 1, range(0, 200, 2))


@given(st.data(), SHAPES, st.sampled_from(["mean", "sum", "max"]))
def test_reduce(data: st.DataObject, shape: tuple[int, ...], kind: str) -> None:
    chosen = tuple(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1)))
    d, x = drafted(shape)
    y = axes.reduce(d, x, chosen, kind)
    expected = getattr(drawn(*shape), kind)(chosen, keepdims=True)
    np.testing.assert_allclose(computed(d, y, drawn(*shape)), expected, rtol=1e-5, atol=1e-5)


AROUND = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=3, max_size=3)


@given(AROUND, st.sampled_from(["constant", "reflect", "replicate", "circular"]))
def test_pad(around: list[tuple[int, int]], mode: str) -> None:
    d, x = drafted((1, 3, 4, 3))
    names = {"replicate": "edge", "circular": "wrap"}
    options = {"constant_values": 2.5} if mode == "constant" else {}
    expected = np.pad(drawn(1, 3, 4, 3), [(0, 0), *around], names.get(mode, mode), **options)  # type: ignore[call-overload]
    y = axes.pad(d, x, [(0, 0), *around], 2.5, mode)
    np.testing.assert_array_equal(computed(d, y, drawn(1, 3, 4, 3)), expected)


def test_negative_padding_crops() -> None:
    d, x = drafted((1, 2, 4))
    y = axes.pad(d, x, [(0, 0), (0, 0), (-1, 2)])
    expected = np.pad(drawn(1, 2, 4)[..., 1:], [(0, 0), (0, 0), (0, 2)])
    np.testing.assert_array_equal(computed(d, y, drawn(1, 2, 4)), expected)


def test_expand() -> None:
    d, x = drafted((2, 1))
    y = axes.expand(d, x, (3, 2, 4))
    expected = np.broadcast_to(drawn(2, 1), (3, 2, 4))
    np.testing.assert_array_equal(computed(d, y, drawn(2, 1)), expected)


def test_reshaping_back_needs_no_layer() -> None:
    d, x = drafted((1, 4, 6))
    y = axes.reshape(d, axes.reshape(d, x, (1, 2, 2, 6)), (1, 24))
    assert types(ends(d, y).text) == ["Flatten"]
    assert axes.reshape(d, y, (1, 4, 6)) == x


def test_reshape_copies_leading_extents() -> None:
    d, x = drafted((2, 3, 4))
    assert "shape { dim: 0 dim: 0 dim: 2 dim: 2 }" in ends(d, axes.reshape(d, x, (2, 3, 2, 2))).text
    with pytest.raises(CaffeToolsError, match="a tensor without axes"):
        axes.reshape(d, x, ())


def test_a_constant_is_made_of_the_blob() -> None:
    d, x = drafted((2, 3))
    y = axes.constant(d, x, (2, 5), 7)
    assert computed(d, y, np.full((2, 3), np.inf)).tolist() == [[7] * 5] * 2
