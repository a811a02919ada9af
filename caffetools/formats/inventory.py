"""The table of `caffetools weights`: the shape and statistics of each blob of a file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caffetools.formats.blob import Shape
from caffetools.formats.caffemodel import StoredLayer, Weights
from caffetools.proto import schema, upgrade_v0, upgrade_v1
from caffetools.table import Column, printable

_PIECE = 1 << 22
"""Values to convert at once, so that a large blob is never copied as a whole."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Statistics of the finite values of a blob, and the number of others, `odd`."""

    least: float
    most: float
    mean: float
    deviation: float
    odd: int


@dataclass(frozen=True, slots=True)
class BlobRow:
    """One blob of a file."""

    layer: str
    type: str
    index: int
    shape: Shape
    kind: str
    """Element type in the file: float32, float64, float16, ..."""
    count: int
    statistics: Statistics | None
    """None for a blob without finite values."""


def rows(weights: Weights) -> Iterator[BlobRow]:
    """Yield the blobs in the order of the file."""
    for layer in weights.layers:
        type_ = layer_type(layer)
        for index, blob in layer.numbered():
            kind, count = blob.values.dtype.newbyteorder("=").name, blob.values.size
            found = statistics(blob.values)
            yield BlobRow(layer.name, type_, index, blob.shape, kind, count, found)


def layer_type(layer: StoredLayer) -> str:
    """Return the current name of a layer's type: files store those of V0, and numbers for V1's."""
    name = layer.type
    if layer.version == 2 or not name:
        return name
    if layer.version == 1:
        types = schema.message("V1LayerParameter").fields["type"].enum
        name = types.names.get(int(name), "") if types else ""
    else:
        name = upgrade_v0.TYPES.get(name, name)
    return {**upgrade_v1.TYPES, **upgrade_v1.FORK_TYPES}.get(name, name)


def statistics(values: NDArray[Any]) -> Statistics | None:
    """Compute the statistics of flat values, None if none is finite."""
    count, odd, total, squares = 0, 0, 0.0, 0.0
    least, most = math.inf, -math.inf
    for start in range(0, values.size, _PIECE):
        piece = values[start : start + _PIECE].astype(np.float64)
        finite = piece[np.isfinite(piece)]
        odd += piece.size - finite.size
        count += finite.size
        if finite.size:
            total += float(finite.sum())
            squares += float(np.square(finite).sum())
            least, most = min(least, float(finite.min())), max(most, float(finite.max()))
    if not count:
        return None
    mean = total / count
    return Statistics(least, most, mean, math.sqrt(max(0.0, squares / count - mean**2)), odd)


def columns(found: list[BlobRow]) -> list[Column[BlobRow]]:
    """Return the columns of the table; a narrow one has no column of NaN where there is none."""
    odd = sum(_odd(row) for row in found)
    return [
        Column("layer", lambda row: printable(row.layer), "total"),
        Column("type", lambda row: printable(row.type)),
        Column("blob", lambda row: row.index, numeric=True),
        Column("shape", lambda row: " x ".join(map(str, row.shape)) or "scalar"),
        Column("numbers", lambda row: row.count, sum(row.count for row in found), numeric=True),
        Column("stored as", lambda row: row.kind, spare=4),
        *(
            Column(name, partial(_shown, name), numeric=True, spare=spare)
            for name, spare in (("least", 1), ("most", 1), ("mean", 2), ("deviation", 2))
        ),
        Column("NaN or infinite", _odd, odd, numeric=True, spare=0 if odd else 3),
    ]


def _shown(name: str, row: BlobRow) -> str:
    return "" if row.statistics is None else f"{getattr(row.statistics, name):.4g}"


def _odd(row: BlobRow) -> int:
    return row.count if row.statistics is None else row.statistics.odd


def to_dict(weights: Weights, found: list[BlobRow]) -> dict[str, Any]:
    """Return the table as JSON data."""
    state = weights.state
    return {
        "kind": weights.kind,
        "name": weights.name,
        "iteration": state and state.iteration,
        "current_step": state and state.current_step,
        "learned_net": state and state.learned_net,
        "blobs": [{**asdict(row), "shape": list(row.shape)} for row in found],
    }


def named(weights: Weights) -> dict[str, NDArray[Any]]:
    """Return each blob in its stored shape under a unique name such as "conv1/0"."""
    found: dict[str, NDArray[Any]] = {}
    for layer in weights.layers:
        for index, blob in layer.numbered():
            name = wanted = f"{layer.name}/{index}" if layer.name else str(index)
            number = 1
            while name in found:
                number += 1
                name = f"{wanted}#{number}"
            found[name] = blob.values.reshape(blob.shape)
    return found
