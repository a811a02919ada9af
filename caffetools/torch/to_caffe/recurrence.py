"""Recurrent layers: LSTM as Caffe's layer, GRU unrolled; axes are time, batch, features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe.arithmetic import add, multiply
from caffetools.torch.to_caffe.axes import concat, constant, gather, permute, reshape, split
from caffetools.torch.to_caffe.draft import Array, Draft, Top
from caffetools.torch.to_caffe.products import by_constant

Cell: TypeAlias = Callable[..., list[Top]]
"""One direction of one layer: from a blob and weights to the outputs and the last states."""


def recurrent(
    cell: Cell,
    d: Draft,
    x: Top,
    states: Any,
    weights: Sequence[Array],
    has_biases: bool,
    number: int,
    _dropout: float,
    _train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[Top, ...]:
    """PyTorch's LSTM and GRU: the outputs and the last states of all layers."""
    given = states if isinstance(states, (list, tuple)) else [states]
    _check_zeros(given)
    directions, number_of_parts = 1 + bidirectional, 4 if has_biases else 2
    if len(weights) != number * directions * number_of_parts:
        raise CaffeToolsError("a projection of the hidden state has no form in Caffe")
    left = iter(weights)
    finals = []
    x = permute(d, x, (1, 0, 2)) if batch_first else x
    for _ in range(number):
        outputs = []
        for backward in (False, True)[:directions]:
            parts = [next(left) for _ in range(number_of_parts)]
            y, *last = _directed(cell, d, x, parts, backward)
            outputs.append(y)
            finals.append(last)
        x = concat(d, outputs, 2)
    x = permute(d, x, (1, 0, 2)) if batch_first else x
    return x, *(concat(d, each, 0) for each in zip(*finals, strict=True))


def onnx_recurrent(
    cell: Cell,
    d: Draft,
    x: Top,
    weight: Array,
    recurrence: Array,
    bias: Array | None = None,
    lengths: Array | None = None,
    *states: Array | None,
    direction: str = "forward",
    **options: Any,
) -> list[Top]:
    """ONNX's LSTM and GRU, whose axes are time, directions, batch, features."""
    _check_zeros(states)
    reset_after = bool(options.pop("linear_before_reset", False))
    if options.keys() - {"hidden_size"} or lengths is not None:
        raise CaffeToolsError("these options have no form in Caffe")
    results = []
    for index in range(weight.shape[0]):
        parts = [weight[index], recurrence[index]]
        parts += [] if bias is None else np.split(bias[index], 2)
        backward = direction == "reverse" or index == 1
        named = {} if cell is lstm else {"reset_after": reset_after}
        results.append(_directed(cell, d, x, parts, backward, onnx=True, **named))
    shape = (x.shape[0], 1, x.shape[1], recurrence.shape[2])
    outputs = concat(d, [reshape(d, each[0], shape) for each in results], 1)
    finals = zip(*(each[1:] for each in results), strict=True)
    return [outputs, *(concat(d, each, 0) for each in finals)]


def _check_zeros(states: Sequence[Any]) -> None:
    if any(isinstance(state, Top) or (state is not None and np.any(state)) for state in states):
        raise CaffeToolsError("initial states other than zeros have no form in Caffe")


def _directed(
    cell: Cell, d: Draft, x: Top, parts: Sequence[Array], backward: bool, **named: Any
) -> list[Top]:
    if not backward:
        return cell(d, x, parts, **named)
    order = range(x.shape[0])[::-1]
    y, *last = cell(d, gather(d, x, 0, order), parts, **named)
    return [gather(d, y, 0, order), *last]


def _ordered(parts: Sequence[Array], found: str, wanted: str) -> list[Array]:
    """Return the matrices and biases with the rows of their gates in another order."""
    order = [found.index(gate) for gate in wanted]
    return [np.concatenate([np.split(part, len(found))[each] for each in order]) for part in parts]


def lstm(d: Draft, x: Top, parts: Sequence[Array], *, onnx: bool = False) -> list[Top]:
    """Add Caffe's LSTM; `cont` of ones continues the initial states.

    Gates: input, forget, candidate, output.
    """
    inputs, recurrence, *biases = _ordered(parts, "iofc" if onnx else "ifco", "ifoc")
    steps, items, _ = x.shape
    size = recurrence.shape[1]
    cont = reshape(d, constant(d, x, (steps, items, 1), 1), (steps, items))
    state = constant(d, x, (1, items, size), 0)
    return d.add(
        "LSTM",
        *(x, cont, state, state),
        blobs=[inputs, sum(biases, np.zeros(4 * size)), recurrence],
        tops=3,
        num_output=size,
        expose_hidden=True,
    )


def gru(
    d: Draft, x: Top, parts: Sequence[Array], *, onnx: bool = False, reset_after: bool = True
) -> list[Top]:
    """Add a GRU, one step after the other, since Caffe has no layer for it.

    With r and z, the sigmoids of the sums of what x and the state h give, and the candidate c:
    h' = c + z (h - c), where c = tanh(c(x) + r c(h)) or, unless `reset_after`, tanh(c(x) + c(r h)).
    """
    inputs, recurrence, *biases = _ordered(parts, "zrc" if onnx else "rzc", "rzc")
    steps, items, _ = x.shape
    size = recurrence.shape[1]
    first, second = biases or (None, None)
    projected = by_constant(d, x, inputs, first)
    h = reshape(d, constant(d, x, (1, items, size), 0), (items, size))

    def of_state(rows: slice, state: Top) -> Top:
        return by_constant(d, state, recurrence[rows], None if second is None else second[rows])

    gates, candidate = slice(2 * size), slice(2 * size, None)
    states = []
    for step in split(d, projected, 0, [1] * steps):
        of_gates, of_candidate = split(d, reshape(d, step, (items, 3 * size)), 1, [2 * size, size])
        both = d.one("Sigmoid", add(d, of_gates, of_state(gates, h)))
        r, z = split(d, both, 1, [size, size])
        inner = (
            multiply(d, r, of_state(candidate, h))
            if reset_after
            else of_state(candidate, multiply(d, r, h))
        )
        c = d.one("TanH", add(d, of_candidate, inner))
        h = add(d, c, multiply(d, z, add(d, h, c, -1)))
        states.append(reshape(d, h, (1, items, size)))
    return [concat(d, states, 0), states[-1]]
