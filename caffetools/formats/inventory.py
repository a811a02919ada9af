"""What a file of numbers holds, blob by blob: shapes and statistics."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from caffetools.formats.stored import Shape, Weights
from caffetools.table import Column, printable

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PIECE = 1 << 22
"""Numbers that are looked at together, so that a large blob is never there as a whole."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of a blob's numbers; of those that are finite but for `odd`, how many are not."""

    least: float
    most: float
    mean: float
    deviation: float
    odd: int


@dataclass(frozen=True, slots=True)
class BlobRow:
    """A blob of a file."""

    layer: str
    type: str
    index: int
    shape: Shape
    kind: str
    """The type of the numbers in the file: float32, float64, float16, ..."""
    count: int
    statistics: Statistics | None
    """None for a blob without numbers that are finite."""


def rows(weights: Weights) -> Iterator[BlobRow]:
    """The blobs in the order of the file."""
    for layer in weights.layers:
        for index, blob in enumerate(layer.blobs):
            values = blob.values
            kind = values.dtype.newbyteorder("=").name
            yield BlobRow(
                layer.name, layer.type, index, blob.shape, kind, values.size, statistics(values)
            )


def statistics(values: NDArray[Any]) -> Statistics | None:
    """Of the numbers in a row, without a copy of them all."""
    import numpy as np

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
    """The columns of the table."""
    return [
        Column("layer", lambda row: printable(row.layer), "total"),
        Column("type", lambda row: printable(row.type)),
        Column("blob", lambda row: row.index, numeric=True),
        Column("shape", lambda row: " x ".join(map(str, row.shape)) or "scalar"),
        Column("numbers", lambda row: row.count, sum(row.count for row in found), numeric=True),
        Column("stored as", lambda row: row.kind),
        *(
            Column(name, partial(_shown, name), numeric=True)
            for name in ("least", "most", "mean", "deviation")
        ),
        Column("NaN or infinite", _odd, sum(_odd(row) for row in found), numeric=True),
    ]


def _shown(name: str, row: BlobRow) -> str:
    return "" if row.statistics is None else f"{getattr(row.statistics, name):.4g}"


def _odd(row: BlobRow) -> int:
    return row.count if row.statistics is None else row.statistics.odd


def to_dict(weights: Weights, found: list[BlobRow]) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "kind": weights.kind,
        "name": weights.name,
        "iteration": weights.iteration,
        "current_step": weights.current_step,
        "learned_net": weights.learned_net,
        "blobs": [{**asdict(row), "shape": list(row.shape)} for row in found],
    }


def named(weights: Weights) -> dict[str, NDArray[Any]]:
    """Every blob under a name of its own, "conv1/0", in the shape that it is stored in."""
    found: dict[str, NDArray[Any]] = {}
    for layer in weights.layers:
        for index, blob in enumerate(layer.blobs):
            name = wanted = f"{layer.name}/{index}" if layer.name else str(index)
            number = 1
            while name in found:
                number += 1
                name = f"{wanted}#{number}"
            found[name] = blob.values.reshape(blob.shape)
    return found
