"""Compositions of Caffe's layers for matrix products, by constants and of computed matrices."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe import activations, arithmetic, axes
from caffetools.torch.to_caffe.draft import Array, Draft, Top

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


def attention(d: Draft, q: Top, k: Top, v: Top, *mask: Any, **options: Any) -> Top:
    """Return scaled dot product attention, without a mask."""
    given = (*mask, options.get("attn_mask"), options.get("is_causal"), options.get("enable_gqa"))
    if any(each is not None and each is not False and each != 0 for each in given):
        raise CaffeToolsError("attention with a mask has no form in Caffe")
    last = len(k.shape) - 1
    transposed = axes.permute(d, k, [*range(last - 1), last, last - 1])
    scale = options.get("scale") or q.shape[-1] ** -0.5
    scores = arithmetic.power(d, matmul(d, q, transposed), scale=scale)
    return matmul(d, activations.softmax(d, scores, -1), v)
