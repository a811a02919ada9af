"""LSTM as Caffe's layer, whose gates have another order; its axes are time, batch, features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe.axes import concat, constant, gather, permute, reshape
from caffetools.torch.to_caffe.draft import Array, Draft, Top


def lstm(
    d: Draft,
    x: Top,
    states: Sequence[Any],
    weights: Sequence[Array],
    has_biases: bool,
    number: int,
    _dropout: float,
    _train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[Top, Top, Top]:
    """Return the outputs and the last states of layers of LSTM, from initial states of zeros."""
    if any(isinstance(state, Top) or np.any(state) for state in states):
        raise CaffeToolsError("initial states other than zeros have no form in Caffe")
    directions = 2 if bidirectional else 1
    if len(weights) != number * directions * (4 if has_biases else 2):
        raise CaffeToolsError("a projection of the hidden state has no form in Caffe")
    left = iter(weights)
    hidden, cells = [], []
    x = permute(d, x, (1, 0, 2)) if batch_first else x
    for _ in range(number):
        outputs = []
        for backward in (False, True)[:directions]:
            parts = [next(left) for _ in range(4 if has_biases else 2)]
            y, h, c = _direction(d, _reversed(d, x) if backward else x, parts)
            outputs.append(_reversed(d, y) if backward else y)
            hidden.append(h)
            cells.append(c)
        x = concat(d, outputs, 2)
    x = permute(d, x, (1, 0, 2)) if batch_first else x
    return x, concat(d, hidden, 0), concat(d, cells, 0)


def onnx_lstm(
    d: Draft,
    x: Top,
    weight: Array,
    recurrent: Array,
    bias: Array | None = None,
    lengths: Array | None = None,
    *states: Array | None,
    **options: Any,
) -> list[Top]:
    """ONNX's LSTM, whose axes are time, directions, batch, features."""
    direction, size = options.get("direction", "forward"), recurrent.shape[2]
    plain = options.keys() <= {"direction", "hidden_size"} and lengths is None
    if not plain or any(state is not None and np.any(state) for state in states):
        raise CaffeToolsError("this form of LSTM has no form in Caffe")
    results = []
    for index in range(weight.shape[0]):
        backward = direction == "reverse" or index == 1
        parts = [weight[index], recurrent[index]]
        parts += [] if bias is None else np.split(bias[index], 2)
        found = _direction(d, _reversed(d, x) if backward else x, parts, "iofc")
        results.append([_reversed(d, found[0]) if backward else found[0], *found[1:]])
    shape = (x.shape[0], 1, x.shape[1], size)
    outputs = [reshape(d, each[0], shape) for each in results]
    return [concat(d, outputs, 1), *(concat(d, [each[i] for each in results], 0) for i in (1, 2))]


def _reversed(d: Draft, x: Top) -> Top:
    return gather(d, x, 0, range(x.shape[0])[::-1])


def _direction(d: Draft, x: Top, parts: Sequence[Array], gates: str = "ifco") -> list[Top]:
    """Add one LSTM layer; `cont` of ones continues the initial states.

    `gates` is the order of the rows: input, forget, candidate, output.
    """
    order = [gates.index(gate) for gate in "ifoc"]
    rows = [np.concatenate([np.split(part, 4)[index] for index in order]) for part in parts]
    inputs, recurrent, *biases = rows
    steps, items, _ = x.shape
    size = recurrent.shape[1]
    cont = reshape(d, constant(d, x, (steps, items, 1), 1), (steps, items))
    state = constant(d, x, (1, items, size), 0)
    return d.add(
        "LSTM",
        *(x, cont, state, state),
        blobs=[inputs, sum(biases, np.zeros(4 * size)), recurrent],
        tops=3,
        num_output=size,
        expose_hidden=True,
    )
