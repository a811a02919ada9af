from __future__ import annotations

import pytest
import torch

import caffetools
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.live import module_of
from caffetools.torch.solver.learning import has_unused, multipliers_of, shown_outputs
from caffetools.torch.training.model import learnable, loss_weights, outputs_of, total_loss

NET = """\
layer { name: "data" type: "Input" top: "data" top: "label"
  input_param { shape { dim: 4 dim: 3 } shape { dim: 4 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  param { lr_mult: 1 decay_mult: 2 } param { lr_mult: 0 }
  inner_product_param { num_output: 2 } }
layer { name: "bn" type: "BatchNorm" bottom: "ip" top: "ip" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""
SIDE = """\
layer { name: "side" type: "InnerProduct" bottom: "data" top: "side"
  inner_product_param { num_output: 2 } }
layer { name: "silence" type: "Silence" bottom: "side" }
"""


def test_multipliers() -> None:
    """Those of BatchNorm's statistics are 0, whatever the book-keeping says."""
    assert multipliers_of(caffetools.from_text(NET)) == {
        "ip": ((1.0, 2.0), (0.0, 1.0)),
        "bn": ((0.0, 1.0),) * 3,
    }


SHARED = """\
layer { name: "data" type: "Input" top: "data" top: "other" top: "label"
  input_param { shape { dim: 4 dim: 3 } shape { dim: 4 dim: 3 } shape { dim: 4 } } }
layer { name: "a" type: "InnerProduct" bottom: "data" top: "a"
  param { name: "w" } param { name: "b" decay_mult: 0 } inner_product_param { num_output: 3 } }
layer { name: "b" type: "InnerProduct" bottom: "other" top: "b"
  param { name: "w" lr_mult: 0.5 } param { name: "b" } inner_product_param { num_output: 3 } }
layer { name: "loss" type: "ContrastiveLoss" bottom: "a" bottom: "b" bottom: "label" top: "loss" }
"""


def test_shared_blobs_learn_as_any_of_their_layers_says() -> None:
    """Caffe's: be it the second layer; each is one parameter (net.cpp, AppendParam)."""
    net = caffetools.from_text(SHARED)
    multipliers = multipliers_of(net)
    assert multipliers == dict.fromkeys(("a", "b"), ((0.5, 1.0), (1.0, 0.0)))
    module = module_of(assemble(net))
    found = learnable(module, multipliers)
    assert [(each.lr_mult, each.decay_mult) for each in found] == [(0.5, 1.0), (1.0, 0.0)]
    assert len(found) == len(list(module.parameters())) == 2


READ = NET + 'layer { name: "p" type: "Power" bottom: "loss" top: "p" }'


def test_what_the_log_calls_outputs() -> None:
    """A loss that a layer reads is none, or where it is given a weight that of its Split."""
    assert shown_outputs(caffetools.from_text(NET)) is None
    assert shown_outputs(caffetools.from_text(READ)) == {"p": "p"}
    given = READ.replace('top: "loss" }', 'top: "loss" loss_weight: 2 }')
    assert shown_outputs(caffetools.from_text(given)) == {
        "loss": "loss_loss_0_split_0",
        "p": "p",
    }


@pytest.mark.parametrize("text", [NET, READ])
def test_a_loss_that_is_read_is_trained(text: str) -> None:
    module = module_of(assemble(caffetools.from_text(text))).train()
    outputs = outputs_of(module, module(torch.randn(4, 3), torch.tensor([0.0, 1.0, 0.0, 1.0])))
    total_loss(outputs, loss_weights(module)).backward()  # type: ignore[no-untyped-call]
    weight = module.get_parameter("ip.weight")
    assert weight.grad is not None
    assert weight.grad.any()


def test_blobs_from_which_no_way_leads_to_the_loss() -> None:
    assert not has_unused(caffetools.from_text(NET))
    assert has_unused(caffetools.from_text(NET + SIDE))
