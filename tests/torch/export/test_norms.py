"""PyTorch's BatchNorm in place of Caffe's two layers: where, and with the same results."""

from __future__ import annotations

import numpy as np
import pytest

from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.norms import with_pytorch_norms
from caffetools.torch.export.pretty import flat
from caffetools.torch.export.state_dict import converted
from tests.torch.nets import drawn

NET = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 4 dim: 5 dim: 5 } } }
layer { name: "b" type: "BatchNorm" bottom: "x" top: "b" batch_norm_param { eps: 0.001 } }
layer { name: "s" type: "Scale" bottom: "b" top: "b" scale_param { bias_term: true } }
layer { name: "r" type: "ReLU" bottom: "b" top: "b" }
layer { name: "b2" type: "BatchNorm" bottom: "b" top: "b2" }
"""
FROZEN = "batch_norm_param { use_global_stats: true"


def members(text: str, phase: str = "test") -> list[str]:
    spec = with_pytorch_norms(assemble(from_text(text, phase=phase)))
    writer = ExpressionWriter()
    return [f"{each.name} = {flat(writer.write(each.value))}" for each in spec.constructions]


def test_two_layers_become_one() -> None:
    assert members(NET) == [
        "b = nn.BatchNorm2d(4, eps=0.001)",
        "b2 = nn.BatchNorm2d(4, affine=False)",
    ]


def test_in_training_only_frozen_statistics_are_the_same() -> None:
    assert members(NET, "train")[0] == "b = BatchNorm(4, eps=0.001)"
    frozen = NET.replace("batch_norm_param {", FROZEN)
    assert members(frozen, "train")[0] == "b = FrozenBatchNorm2d(4, eps=0.001)"


APART = "b = nn.BatchNorm2d(4, eps=0.001, affine=False)"
NOT_IN_PLACE = (NET.replace('bottom: "b" top: "b"', 'bottom: "b" top: "s"', 1)
                .replace('bottom: "b" top: "b" }', 'bottom: "b" top: "r" }'))  # fmt: skip


@pytest.mark.parametrize(
    ("text", "scale"),
    [
        (NET.replace("bias_term: true", "bias_term: false"), "s = Scale((4,))"),
        (NET.replace("bias_term: true", "axis: 2 bias_term: true"), "s = Scale((5,), axis=2, "),
        # Others read what BatchNorm computes.
        (NOT_IN_PLACE, "s = Scale((4,), bias=True)"),
    ],
)
def test_a_scale_of_another_kind_stays(text: str, scale: str) -> None:
    assert text != NET
    found = members(text)
    assert found[0] == APART
    assert found[1].startswith(scale)


def test_a_phase_that_uses_the_batch_is_kept() -> None:
    text = NET.replace("batch_norm_param {", FROZEN.replace("true", "false"))
    assert members(text)[0] == "b = BatchNorm(4, eps=0.001, use_global_stats=False)"


@pytest.mark.parametrize("text", [NET, NET.replace("batch_norm_param {", FROZEN)])
def test_results_and_the_way_back(text: str) -> None:
    pytest.importorskip("torch")
    from caffetools.torch.export.loaded_module import load_module, run_module, to_caffe

    for phase in ("test", *(["train"] if "global" in text else [])):
        net = from_text(text, phase=phase)
        plain = assemble(net)
        made = with_pytorch_norms(plain)
        blobs = drawn(net)
        tensors = {
            param.key: values
            for layer, params in plain.params.items()
            for param, values in zip(params, blobs[layer], strict=True)
        }
        x = np.random.default_rng(2).normal(size=(2, 4, 5, 5)).astype(np.float32)
        state = converted(tensors, plain, made)
        module = load_module(made, state).train(phase == "train")
        (found,) = run_module(module, x)
        (expected,) = run_module(load_module(plain, tensors).train(phase == "train"), x)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
        mean, variance, factor = to_caffe(module)["b"]
        assert factor.tolist() == [1]
        np.testing.assert_allclose(mean, blobs["b"][0] / blobs["b"][2], rtol=1e-6)
        back = converted(state, made, plain)
        np.testing.assert_array_equal(back["b.variance"], variance)
        assert back["b.scale_factor"].tolist() == [1]


def test_a_factor_of_zero_is_no_division() -> None:
    plain = assemble(from_text(NET, phase="test"))
    zeros = {param.key: np.zeros(param.shape, np.float32) for param in plain.params["b"]}
    state = converted(zeros, plain, with_pytorch_norms(plain))
    assert {key: values.tolist() for key, values in state.items()} == {
        "b.running_mean": [0, 0, 0, 0],
        "b.running_var": [0, 0, 0, 0],
    }
