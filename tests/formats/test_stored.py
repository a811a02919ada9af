"""Which blobs fit, and in what form their numbers come."""

from __future__ import annotations

import numpy as np
import pytest

from caffetools.formats.stored import StoredBlob, significant


@pytest.mark.parametrize(
    ("stored", "wanted", "fits"),
    [
        ((1, 1, 1, 20), (20,), True),
        ((1, 1, 500, 800), (500, 800), True),
        ((20, 1, 5, 5), (20, 1, 5, 5), True),
        ((1, 20, 1, 1), (20,), True),
        ((1,), (), True),
        ((800, 500), (500, 800), False),
        ((400,), (20, 20), False),
        ((20,), (21,), False),
        ((4, 6), (6, 4), False),
    ],
)
def test_fits(stored: tuple[int, ...], wanted: tuple[int, ...], *, fits: bool) -> None:
    assert StoredBlob(stored, np.zeros(0, np.float32)).fits(wanted) == fits


def test_significant() -> None:
    assert significant((1, 3, 1, 2)) == (3, 2)
    assert significant((1, 1)) == ()
    assert significant((0, 1)) == (0,)


def test_float32_is_not_copied() -> None:
    values = np.arange(6, dtype="<f4")
    blob = StoredBlob((1, 1, 2, 3), values)
    row = blob.as_float32((2, 3))
    assert row.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert np.shares_memory(row, values)
    assert blob.as_float32().shape == (1, 1, 2, 3)


@pytest.mark.parametrize("kind", ["<f8", "<f2", "<i4"])
def test_other_types_are_converted(kind: str) -> None:
    blob = StoredBlob((2,), np.array([1, 2], dtype=kind))
    assert blob.as_float32().dtype == np.float32
    assert blob.as_float32().tolist() == [1, 2]
