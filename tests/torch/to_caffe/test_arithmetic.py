"""Element-wise arithmetic, compared with NumPy's broadcasting."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe import arithmetic
from caffetools.torch.to_caffe.draft import Array
from tests.torch.drafts import OLD, computed, drafted, drawn, ends, types

BINARY = {
    arithmetic.add: np.add,
    arithmetic.multiply: np.multiply,
    arithmetic.divide: np.divide,
    arithmetic.maximum: np.maximum,
    arithmetic.minimum: np.minimum,
}
PAIRS = arrays.mutually_broadcastable_shapes(
    num_shapes=2, min_dims=1, max_dims=4, min_side=1, max_side=3
)


@given(PAIRS, st.sampled_from([*BINARY]))
def test_two_blobs(pair: arrays.BroadcastableShapes, function: object) -> None:
    first, second = (drawn(*shape) for shape in pair.input_shapes)
    d, a, b = drafted(first.shape, second.shape)
    y = function(d, a, b)  # type: ignore[operator]
    expected = BINARY[function](first, second)  # type: ignore[index]
    np.testing.assert_allclose(computed(d, y, first, second), expected, rtol=1e-4)


@given(PAIRS, st.sampled_from([arithmetic.add, arithmetic.multiply, arithmetic.divide]))
def test_a_blob_and_a_constant(pair: arrays.BroadcastableShapes, function: object) -> None:
    first, second = (drawn(*shape) for shape in pair.input_shapes)
    for order in (1, -1):
        d, a = drafted(first.shape)
        y = function(d, *(a, second)[::order])  # type: ignore[operator]
        expected = BINARY[function](*(first, second)[::order])  # type: ignore[index]
        np.testing.assert_allclose(computed(d, y, first), expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((2, 3, 1, 1), ["Flatten", "Scale"]),  # squeeze and excitation
        ((2, 3, 4, 5), ["Eltwise"]),
        ((2, 1, 4, 5), ["Tile", "Eltwise"]),
        ((5,), ["Scale"]),
    ],
)
def test_broadcasting_takes_the_fewest_layers(shape: tuple[int, ...], expected: list[str]) -> None:
    d, a, b = drafted((2, 3, 4, 5), shape)
    assert types(ends(d, arithmetic.multiply(d, a, b)).text) == expected


def test_powers_of_powers() -> None:
    """(2 (3 x + 1) - 4) ** 2 is (6 x - 2) ** 2."""
    d, x = drafted((1, 3))
    y = arithmetic.power(d, x, scale=3, shift=1)
    y = arithmetic.power(d, arithmetic.power(d, y, scale=2, shift=-4), 2)
    assert d.makers[y.name].options == {"power": 2.0, "scale": 6.0, "shift": -2.0}
    assert types(ends(d, y).text) == ["Power"]
    assert arithmetic.power(d, x) == x


@pytest.mark.parametrize(
    ("first", "second"), [("x", 1.5), (-2.0, "x"), ("x", "x"), ("x", drawn(3, 7)), (3.0, "x")]
)
def test_where(first: Any, second: Any) -> None:
    mask = drawn(3, 7) > 0
    d, x = drafted((3, 7))
    pair = [x if isinstance(each, str) else each for each in (first, second)]
    values = [drawn(3, 7) if isinstance(each, str) else each for each in (first, second)]
    found = computed(d, arithmetic.where(d, mask, *pair), drawn(3, 7))
    np.testing.assert_allclose(found, np.where(mask, *values), rtol=1e-6)


def test_a_mask_of_infinity_and_a_computed_one() -> None:
    d, x = drafted((1, 2))
    y = d.one("Softmax", arithmetic.where(d, np.array([True, False]), -np.inf, x))
    assert computed(d, y, np.ones((1, 2))).tolist() == [[0, 1]]
    with pytest.raises(CaffeToolsError, match="a computed mask has no form"):
        arithmetic.where(d, x, 1, x)


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e39])
def test_a_scalar_that_is_not_finite(value: float) -> None:
    d, x = drafted((1, 3))
    with pytest.raises(
        CaffeToolsError, match=re.escape(f"shift of Power would be {value:g}, which is")
    ):
        arithmetic.power(d, x, shift=value)
    with pytest.raises(CaffeToolsError, match="min of Clip would be nan, which is not finite"):
        arithmetic.clamp(d, x, np.nan)
    assert arithmetic.clamp(d, x, -np.inf, np.inf) == x


@pytest.mark.parametrize("profile", ["bvlc", OLD])
@pytest.mark.parametrize("limits", [(0, 6), (-0.5, 0.5), (0, None), (None, 0.25), (-0.25, None)])
def test_clamp(profile: str, limits: tuple[float | None, float | None]) -> None:
    d, x = drafted((3, 7), profile=profile)
    y = arithmetic.clamp(d, x, *limits)
    expected = np.clip(drawn(3, 7), *limits)
    np.testing.assert_allclose(computed(d, y, drawn(3, 7)), expected, atol=1e-6)


def test_the_same_blob_twice() -> None:
    d, x = drafted((1, 3))
    twice = arithmetic.add(d, x, x, 3)
    assert d.makers[twice.name].options == {"scale": 4.0}
    assert d.makers[arithmetic.multiply(d, x, x).name].options == {"power": 2.0}


@pytest.mark.parametrize("constant", [drawn(3, 1, 1), drawn(1, 3, 1, 1)])
def test_a_constant_becomes_the_bias_of_the_layer_before(constant: Array) -> None:
    d, x = drafted((1, 3, 2, 2))
    y = arithmetic.add(d, arithmetic.multiply(d, x, drawn(3, 1, 1)), constant)
    assert types(ends(d, y).text) == ["Scale"]
    x_values = drawn(1, 3, 2, 2)
    expected = x_values * drawn(3, 1, 1) + constant
    np.testing.assert_allclose(computed(d, y, x_values), expected, rtol=1e-5)


def test_the_maximum_with_a_constant_tensor_is_refused() -> None:
    d, x = drafted((1, 3))
    with pytest.raises(CaffeToolsError, match="the maximum with a constant tensor"):
        arithmetic.maximum(d, x, np.zeros(3))


def test_span() -> None:
    shape = (2, 3, 4, 5)
    assert arithmetic.span((3, 1, 1), shape) == (1, 2)
    assert arithmetic.span((1, 3, 1, 5), shape) == (1, 4)
    assert arithmetic.span((2, 3, 1, 1), shape, keep_batch=True) == (0, 2)
    assert arithmetic.span((1, 1), shape) == (0, 1)
