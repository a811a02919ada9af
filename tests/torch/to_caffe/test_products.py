"""Matrix products, compared with NumPy and PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe import axes, products
from tests.torch.drafts import computed, converted, drafted, drawn, ends, types


@pytest.mark.parametrize("bias", [None, drawn(2)])
def test_a_product_by_a_constant(bias: np.ndarray | None) -> None:
    d, x = drafted((3, 4, 5))
    y = products.by_constant(d, x, drawn(2, 5), bias)
    assert types(ends(d, y).text) == ["InnerProduct"]
    expected = drawn(3, 4, 5) @ drawn(2, 5).T + (0 if bias is None else bias)
    np.testing.assert_allclose(computed(d, y, drawn(3, 4, 5)), expected, rtol=1e-4, atol=1e-5)


def test_inner_product_flattens_by_itself() -> None:
    d, x = drafted((3, 4, 5))
    y = products.by_constant(d, axes.reshape(d, x, (3, 20)), drawn(2, 20), None)
    assert types(ends(d, y).text) == ["InnerProduct"]


@pytest.mark.parametrize(
    ("first", "second"),
    [((2, 3), (3, 4)), ((2, 2, 3), (2, 3, 4)), ((2, 1, 2, 3), (3, 3, 4)), ((1, 1, 2), (5, 2, 1))],
)
def test_two_computed_matrices(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    d, a, b = drafted(first, second)
    y = products.matmul(d, a, b)
    expected = drawn(*first) @ drawn(*second)
    found = computed(d, y, drawn(*first), drawn(*second))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_constant_first_matrix() -> None:
    d, x = drafted((1, 3, 4))
    y = products.matmul(d, drawn(1, 2, 3), x)
    expected = drawn(1, 2, 3) @ drawn(1, 3, 4)
    np.testing.assert_allclose(computed(d, y, drawn(1, 3, 4)), expected, rtol=1e-4, atol=1e-5)


def test_refusals() -> None:
    d, x, y = drafted((600, 600), (600, 600))
    with pytest.raises(CaffeToolsError, match="216000000 terms of a product exceed 134217728"):
        products.matmul(d, x, y)
    with pytest.raises(CaffeToolsError, match="the product with a computed vector"):
        products.matmul(d, x, axes.reshape(d, y, (360000,)))
    with pytest.raises(CaffeToolsError, match="attention with a computed mask"):
        products.attention(d, x, x, y, x)


LATER = torch.ones(8, 8, dtype=torch.bool).tril()


@pytest.mark.parametrize(
    "options", [{"is_causal": True}, {"attn_mask": LATER}, {"attn_mask": torch.eye(8), "scale": 2}]
)
def test_constant_masks(options: dict[str, Any]) -> None:
    net = converted(lambda x: F.scaled_dot_product_attention(x, x, x + 1, **options))
    assert ("Bias" in types(net.prototxt), net.difference < 1e-6) == (True, True)


@pytest.mark.parametrize(
    ("equation", "first", "second"),
    [
        ("ij,jk->ki", (2, 3), (3, 4)),
        ("bihd,bjhd->bhij", (2, 3, 1, 4), (2, 5, 1, 4)),
        ("nchw,nchw->nhw", (1, 3, 2, 4), (1, 3, 2, 4)),
    ],
)
def test_einsum(equation: str, first: tuple[int, ...], second: tuple[int, ...]) -> None:
    expected = np.einsum(equation, drawn(*first), drawn(*second))
    d, a, b = drafted(first, second)
    found = computed(d, products.einsum(d, equation, [a, b]), drawn(*first), drawn(*second))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    d, a = drafted(first)
    found = computed(d, products.einsum(d, equation, [a, drawn(*second)]), drawn(*first))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("equation", ["ij->ji", "ii,ij->j", "ij,jk->i", "...i,ij->...j"])
def test_an_einsum_of_another_kind(equation: str) -> None:
    d, a, b = drafted((2, 2), (2, 2))
    with pytest.raises(CaffeToolsError, match="is no product of two matrices"):
        products.einsum(d, equation, [a, b])


def test_attention() -> None:
    net = converted(lambda x: F.scaled_dot_product_attention(x, 2 * x, x + 1))
    assert net.difference < 1e-6
    torch.manual_seed(0)
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    net = converted(lambda x, m: m(x, x, x, need_weights=False)[0], attention, shape=(1, 5, 8))
    assert net.difference < 1e-6
