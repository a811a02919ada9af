"""Comparison of two nets: equal, different, of another size, not runnable."""

from __future__ import annotations

import numpy as np
import pytest

from caffetools.editing.equality import compare
from caffetools.errors import CaffeToolsError
from tests.editing.nets import SMALL, edited
from tests.nets import layer


def test_a_net_equals_itself() -> None:
    found = compare(edited(), edited())
    assert list(found.differences) == ["c1", "s", "c2", "p", "f1", "f2", "prob"]
    assert (found.largest, found.changed) == (0.0, {})


def test_what_differs_is_named() -> None:
    small = edited()
    weight, bias = small.weights["f2"]
    found = compare(small, small.with_weights({"f2": (weight, bias + 1)}))
    assert list(found.changed) == ["f2"]  # a softmax ignores what is added to all
    assert 0 < found.largest <= 1
    nothing = small.with_weights({"f2": (weight * np.nan, bias)})
    assert list(compare(small, nothing).changed) == ["f2", "prob"]


def test_another_size_and_other_names() -> None:
    small = edited()
    larger = edited(SMALL.replace("num_output: 3 }", "num_output: 4 }"))
    assert compare(small, larger).changed["prob"] == float("inf")
    renamed = edited(SMALL.replace('"prob"', '"out"').replace('"data"', '"x"'))
    found = compare(small, renamed, {"prob": "out", "data": "x"})
    assert found.differences["prob"] == 0
    assert "prob" not in compare(small, renamed).differences


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        (SMALL + layer("Unknown", "u", "prob", "u"), "layer 'u' of type 'Unknown' cannot be run"),
        ('layer { name: "d" type: "Input" top: "d" }' + layer("ReLU", "r", "d", "d"), "is unknown"),
    ],
)
def test_what_cannot_be_run(text: str, fragment: str) -> None:
    with pytest.raises(CaffeToolsError, match=fragment):
        compare(edited(text), edited(text))
