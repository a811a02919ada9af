"""What a file of numbers holds: rows, statistics, names."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from caffetools.formats.blob import Blob
from caffetools.formats.caffemodel import StoredLayer, Weights
from caffetools.formats.inventory import Statistics, columns, named, rows, statistics, to_dict
from caffetools.table import text_table

BLOB = Blob((2, 2), np.array([1, -1, 3, 5], np.float32))
ODD = Blob((3,), np.array([math.nan, math.inf, 2], np.float16))
NOTHING = Blob((0,), np.zeros(0, np.float64))
WEIGHTS = Weights(
    "w.caffemodel",
    "caffemodel",
    "net",
    (StoredLayer("a", "Scale", (BLOB, ODD)), StoredLayer("a", "", (NOTHING,))),
)


def test_statistics() -> None:
    # The mean of 1, -1, 3 and 5 is 2, their squares are 36 in sum: 36 / 4 - 4 = 5.
    assert statistics(BLOB.values) == Statistics(-1.0, 5.0, 2.0, math.sqrt(5), 0)
    assert statistics(ODD.values) == Statistics(2.0, 2.0, 2.0, 0.0, 2)
    assert statistics(NOTHING.values) is None


def test_a_large_blob_is_looked_at_in_pieces() -> None:
    values = np.ones(5_000_000, np.float32)
    values[-1] = 7
    found = statistics(values)
    assert found is not None
    assert (found.least, found.most) == (1.0, 7.0)


def test_the_table_adds_up() -> None:
    found = list(rows(WEIGHTS))
    assert [(row.layer, row.index, row.kind, row.count) for row in found] == [
        ("a", 0, "float32", 4),
        ("a", 1, "float16", 3),
        ("a", 0, "float64", 0),
    ]
    lines = text_table(columns(found), found)
    assert lines[-1].split() == ["total", "7", "2"]


def test_a_narrow_table_keeps_the_column_of_nan() -> None:
    """Unless there is none."""
    for weights, dropped in (
        (WEIGHTS, "stored as, mean, deviation"),
        (replace(WEIGHTS, layers=WEIGHTS.layers[1:]), "stored as, NaN or infinite"),
    ):
        found = list(rows(weights))
        lines = text_table(columns(found), found, 70 if weights is WEIGHTS else 75)
        assert max(map(len, lines[:-1])) <= 75
        assert lines[-1] == f"not shown at this width: {dropped}"


def test_plain_data() -> None:
    data = to_dict(WEIGHTS, list(rows(WEIGHTS)))
    assert data["blobs"][0] == {
        "layer": "a",
        "type": "Scale",
        "index": 0,
        "shape": [2, 2],
        "kind": "float32",
        "count": 4,
        "statistics": {
            "least": -1.0, "most": 5.0, "mean": 2.0, "deviation": math.sqrt(5), "odd": 0
        },
    }  # fmt: skip
    assert data["blobs"][2]["statistics"] is None


def test_every_blob_has_a_name_of_its_own() -> None:
    assert {name: array.shape for name, array in named(WEIGHTS).items()} == {
        "a/0": (2, 2),
        "a/1": (3,),
        "a/0#2": (0,),
    }
