"""Compositions of Caffe's layers for matrix products, by constants and of computed matrices."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe import activations, arithmetic, axes
from caffetools.torch.to_caffe.draft import Array, Draft, Top
from caffetools.torch.to_caffe.sliding import LOWEST

MOST_TERMS = 2**27
"""Most products of one composition: they are all in memory before they are summed."""


def by_constant(d: Draft, x: Top, weight: Array, bias: Array | None) -> Top:
    """Multiply the last axis by a matrix `(out, in)`."""
    axis = len(x.shape) - 1
    before = d.original(x)
    if axis == 1 and before.shape[0] == x.shape[0]:
        x = before  # the layer flattens
    return d.one(
        "InnerProduct",
        x,
        blobs=[weight] if bias is None else [weight, bias],
        num_output=weight.shape[0],
        axis=None if axis == 1 else axis,
        bias_term=None if bias is not None else False,
    )


def matmul(d: Draft, a: Any, b: Any) -> Top:
    """Return `a @ b`; two computed matrices as products, tiled, whose terms are then averaged."""
    if isinstance(b, np.ndarray) and b.ndim == 2:
        return by_constant(d, a, b.T, None)
    a, b = (axes.as_top(d, each, (a, b)) for each in (a, b))
    if min(len(a.shape), len(b.shape)) < 2:
        raise CaffeToolsError("the product with a computed vector has no form in Caffe")
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    (rows, terms), columns, items = a.shape[-2:], b.shape[-1], prod(batch)
    if items * rows * terms * columns > MOST_TERMS:
        text = f"{items * rows * terms * columns} terms of a product exceed {MOST_TERMS}"
        raise CaffeToolsError(text)
    a = axes.reshape(d, axes.expand(d, a, (*batch, rows, terms)), (items, rows, terms))
    b = axes.reshape(d, axes.expand(d, b, (*batch, terms, columns)), (items, 1, terms, columns))
    products = d.one("Scale", axes.expand(d, b, (items, rows, terms, columns)), a, axis=0)
    return axes.reshape(d, axes.reduce(d, products, [2], "sum"), (*batch, rows, columns))


def einsum(d: Draft, equation: str, tensors: Sequence[Any]) -> Top:
    """Return an einsum that is a product of two matrices, or of two batches of them."""
    inputs, _, output = equation.replace(" ", "").partition("->")
    first, _, second = inputs.partition(",")
    letters = (first, second, output)
    shared = {*first} & {*second}
    batch = [each for each in first if each in shared and each in output]
    left, right = ([each for each in part if each not in shared] for part in (first, second))
    summed = [each for each in first if each in shared and each not in output]
    wanted = [*batch, *left, *right]
    plain = all(each.isalpha() and len({*each}) == len(each) for each in letters)
    if not plain or len(tensors) != 2 or sorted(wanted) != sorted(output):
        raise CaffeToolsError(f"the einsum {equation} is no product of two matrices")
    sizes = {
        letter: extent
        for part, tensor in zip((first, second), tensors, strict=True)
        for letter, extent in zip(part, tensor.shape, strict=True)
    }

    def matrices(tensor: Any, axes_found: str, *groups: Sequence[str]) -> Any:
        order = [axes_found.index(letter) for group in (batch, *groups) for letter in group]
        shape = (
            *(sizes[letter] for letter in batch),
            *(prod(sizes[letter] for letter in group) for group in groups),
        )
        if isinstance(tensor, np.ndarray):
            return tensor.transpose(order).reshape(shape)
        return axes.reshape(d, axes.permute(d, tensor, order), shape)

    product = matmul(
        d, matrices(tensors[0], first, left, summed), matrices(tensors[1], second, summed, right)
    )
    product = axes.reshape(d, product, tuple(sizes[letter] for letter in wanted))
    return axes.permute(d, product, [wanted.index(letter) for letter in output])


def attention(
    d: Draft,
    q: Top,
    k: Top,
    v: Top,
    mask: Any = None,
    _dropout: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Top:
    """Return scaled dot product attention, with a constant mask: a summand, or true to attend."""
    if isinstance(mask, Top) or enable_gqa:
        raise CaffeToolsError("attention with a computed mask, or in groups, has no form in Caffe")
    axis = len(k.shape) - 1
    transposed = axes.permute(d, k, [*range(axis - 1), axis, axis - 1])
    scores = matmul(d, q, transposed)
    scores = arithmetic.power(d, scores, scale=q.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        mask = np.tril(np.ones(scores.shape[-2:], bool))
    if mask is not None:
        added = np.where(mask, 0.0, -np.inf) if mask.dtype == bool else mask
        scores = arithmetic.add(d, scores, np.clip(added, LOWEST, None))
    return matmul(d, activations.softmax(d, scores, -1), v)
