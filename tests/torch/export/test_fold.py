"""BatchNorm and Scale folded away: the same results, from fewer layers."""

from __future__ import annotations

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble, assemble_folded
from caffetools.torch.export.emitted_layers import emit_layers
from caffetools.torch.export.fold import fold_tensors, folded
from tests.torch.nets import FOLDING, drawn


def names(text: str) -> list[str]:
    kept, _ = folded(emit_layers(from_text(text, phase="test")))
    return [line.layer.node.name for line in kept]


def test_the_results_stay() -> None:
    torch = pytest.importorskip("torch")
    from caffetools.torch.export.loaded_module import load_module, run_module

    assert torch
    net = from_text(FOLDING, phase="test")
    plain, program = assemble(net), assemble_folded(net)
    blobs = drawn(net)
    tensors = {
        param.key: values
        for layer, params in plain.params.items()
        for param, values in zip(params, blobs[layer], strict=True)
    }
    x = np.random.default_rng(2).normal(size=(2, 4, 9, 9)).astype(np.float32)
    (expected,) = run_module(load_module(plain, tensors), x)
    (found,) = run_module(load_module(program, fold_tensors(program, plain, tensors)), x)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_what_can_be_folded() -> None:
    assert names(FOLDING) == ["x", "c", "r", "d", "i"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # Somebody else reads what the layer makes.
        ('bottom: "d" top: "b2" }', ('bottom: "d" top: "b2" } layer { name: "t" type: "ReLU" '
         'bottom: "d" top: "t" }'), ["x", "c", "r", "d", "b2", "t", "s2", "i"]),
        # The batch's own statistics, also when it is run.
        ('bottom: "d" top: "b2" }', ('bottom: "d" top: "b2" batch_norm_param '
         '{ use_global_stats: false } }'), ["x", "c", "r", "d", "b2", "s2", "i"]),
        # A scale of other axes.
        ('top: "s2" }', 'top: "s2" scale_param { axis: 2 } }',
         ["x", "c", "r", "d", "s2", "i"]),
        # A weight that others may have, too.
        ('name: "d" type: "Deconvolution"', 'name: "d" param { name: "w" } type: "Deconvolution"',
         ["x", "c", "r", "d", "b2", "s2", "i"]),
    ],
)  # fmt: skip
def test_what_cannot_be_folded_stays(old: str, new: str, expected: list[str]) -> None:
    assert old in FOLDING
    assert names(FOLDING.replace(old, new)) == expected


def test_a_layer_without_weights_is_told() -> None:
    net = from_text(FOLDING, phase="test")
    with pytest.raises(CaffeToolsError) as caught:
        fold_tensors(assemble_folded(net), assemble(net), {})
    assert caught.value.message == "layer 'c' cannot be folded: it has no weights"
