"""Channels removed, with what depends on them: layers of each kind, and the layers that refuse."""

from __future__ import annotations

import numpy as np
import pytest

from caffetools.editing.equality import compare
from caffetools.editing.pruning import prune, weakest
from caffetools.errors import CaffeToolsError
from tests.editing.nets import SMALL, conv, edited
from tests.nets import given, inner_product, layer


def gaps(text: str, name: str, *removed: int) -> dict[str, float]:
    """Differences of a pruned net from the one with zeros, where their sizes are equal."""
    made, equal = prune(edited(text), name, removed)
    made.check_weights()
    found = compare(equal, made).differences
    return {blob: gap for blob, gap in found.items() if gap != float("inf")}


def test_the_chain_of_a_small_net() -> None:
    made, _ = prune(edited(), "c1", [1, 3])
    assert {name: [blob.shape for blob in blobs] for name, blobs in made.weights.items()} == {
        "c1": [(2, 3, 3, 3)],
        "bn": [(2,), (2,), (1,)],
        "scale": [(2,), (2,)],
        "c2": [(6, 2, 3, 3), (6,)],
        "f1": [(5, 6 * 3 * 3), (5,)],
        "f2": [(3, 5), (3,)],
    }
    assert max(gaps(SMALL, "c1", 1, 3).values()) < 1e-5
    assert list(gaps(SMALL, "c2", 0)) == ["c1", "s", "f1", "f2", "prob"]
    assert max(gaps(SMALL, "c2", 0).values()) < 1e-5


BRANCHES = (
    given("data", 1, 2, 5, 5)
    + conv("a", "data", 4)
    + layer("PReLU", "slope", "a", "a")
    + conv("dw", "a", 4, "group: 4")
    + conv("b", "data", 3)
    + layer("Concat", "cat", "dw b", "cat")
    + layer(
        "Deconvolution", "up", "cat", "up", "convolution_param { num_output: 2 kernel_size: 2 }"
    )
    + layer("Flatten", "flat", "dw", "flat")
    + inner_product("fc", "flat", 3, "")
)


@pytest.mark.parametrize(("name", "removed"), [("a", (0, 2)), ("b", (1,)), ("up", (0,))])
def test_branches(name: str, removed: tuple[int, ...]) -> None:
    found = gaps(BRANCHES, name, *removed)
    assert max(found.values()) < 1e-5
    assert "fc" in found


def test_the_weakest_outputs() -> None:
    small = edited()
    weight = np.zeros((6, 4, 3, 3), np.float32)
    weight[:, 0, 0, 0] = [5, -1, 3, -4, 2, 6]
    small = small.with_weights({"c2": (weight, small.weights["c2"][1])})
    assert weakest(small, "c2", 0.5) == [1, 2, 4]
    assert weakest(small, "c2", 0.99) == [0, 1, 2, 3, 4]


SUM = given("data", 1, 2, 5, 5) + conv("a", "data", 4) + conv("b", "data", 4)


@pytest.mark.parametrize(
    ("text", "name", "removed", "fragment"),
    [
        (SMALL, "c1", (4,), "expected some, but not all, of the outputs 0 to 3"),
        (SMALL, "c1", (0, 1, 2, 3), "expected some, but not all"),
        (SMALL, "c1", (), "expected some, but not all"),
        (SMALL, "pool", (0,), "expected a convolution of one group or an inner product"),
        (BRANCHES, "dw", (0,), "expected a convolution of one group"),
        (
            SUM + layer("Eltwise", "sum", "a b", "sum"),
            "a",
            (0,),
            "before layer 'sum' of type Eltwise",
        ),
        (
            SUM + layer("Reshape", "r", "a", "r", "reshape_param { shape { dim: -1 } }"),
            "a",
            (0,),
            "before layer 'r' of type Reshape",
        ),
        (SUM + conv("g", "a", 4, "group: 2"), "a", (0,), "before layer 'g' of type Convolution"),
    ],
)
def test_refusals(text: str, name: str, removed: tuple[int, ...], fragment: str) -> None:
    with pytest.raises(CaffeToolsError, match=fragment) as caught:
        prune(edited(text), name, removed)
    assert caught.value.location is not None
