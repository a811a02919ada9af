"""The part about weights."""

from __future__ import annotations

import numpy as np

from caffetools.formats.stored import StoredBlob
from caffetools.pages.weights_section import weights_section
from tests.pages.test_histogram import BLOBS, MADE, stored


def test_a_figure_for_each_blob() -> None:
    told = weights_section(MADE, stored(("c", BLOBS)))
    assert told.count("<figure>") == told.count("<svg") == 2
    assert "<strong>c</strong> bias: 1 x 1 x 1 x 4, mean 0, deviation 0, 4 zeros" in told
    assert "Differences" not in told


def test_differences_are_told() -> None:
    told = weights_section(MADE, stored(("<d>", BLOBS)))
    assert "<h3>Differences from the net (2)</h3>" in told
    assert "<li>&lt;d&gt;: the net has no such layer</li>" in told


def test_what_is_no_number_is_told() -> None:
    blob = StoredBlob((2,), np.array([np.nan, 1], dtype=np.float32))
    told = weights_section(MADE, stored(("c", (blob,))))
    assert "1 that are no finite numbers" in told
