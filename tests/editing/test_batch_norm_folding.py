"""BatchNorm and Scale folded into prototxt and weights."""

from __future__ import annotations

import numpy as np
import pytest

from caffetools.editing.batch_norm_folding import fold_batch_norm
from caffetools.editing.equality import compare
from caffetools.errors import CaffeToolsError
from tests.editing.nets import SMALL, edited, names


def test_the_net_is_shorter_and_computes_the_same() -> None:
    found = fold_batch_norm(edited())
    assert names(found)[:4] == ["data", "c1", "relu", "c2"]
    assert list(found.weights) == ["c1", "c2", "f1", "f2"]
    assert [blob.shape for blob in found.weights["c1"]] == [(4, 3, 3, 3), (4,)]
    assert not found.layer("c1").node.message.message("convolution_param").has("bias_term")
    comparison = compare(edited(), found)
    assert list(comparison.differences) == ["s", "c2", "p", "f1", "f2", "prob"]
    assert comparison.changed == {}


def test_the_arithmetic() -> None:
    """Weight 3, mean 2 / 2, variance 8 / 2, eps 0: (3 x - 1) / 2 times 10, plus 5 = 15 x."""
    text = """\
layer { name: "d" type: "Input" top: "d" input_param { shape { dim: 1 dim: 1 } } }
layer { name: "f" type: "InnerProduct" bottom: "d" top: "f"
  inner_product_param { num_output: 1 bias_term: false } }
layer { name: "n" type: "BatchNorm" bottom: "f" top: "f" batch_norm_param { eps: 0 } }
layer { name: "s" type: "Scale" bottom: "f" top: "f" scale_param { bias_term: true } }
"""
    blobs = {
        "f": (np.full((1, 1), 3, np.float32),),
        "n": tuple(np.array([value], np.float32) for value in (2, 8, 2)),
        "s": tuple(np.array([value], np.float32) for value in (10, 5)),
    }
    weight, bias = fold_batch_norm(edited(text).with_weights(blobs)).weights["f"]
    assert (weight.item(), bias.item()) == (3 / 2 * 10, -1 / 2 * 10 + 5)


def test_what_cannot_be_folded_is_left() -> None:
    text = SMALL.replace("scale_param { bias_term: true }", "scale_param { axis: 2 }")
    assert names(fold_batch_norm(edited(text)))[:4] == ["data", "c1", "scale", "relu"]
    text = SMALL.replace('"BatchNorm"', '"ReLU"')
    with pytest.raises(CaffeToolsError, match="no BatchNorm or Scale follows"):
        fold_batch_norm(edited(text))


def test_statistics_of_the_batch_cannot_be_folded() -> None:
    own = 'top: "c1" batch_norm_param { use_global_stats: false }'
    text = SMALL.replace('bottom: "c1" top: "c1"', f'bottom: "c1" {own}')
    with pytest.raises(CaffeToolsError, match="use_global_stats: false cannot be folded"):
        fold_batch_norm(edited(text))
