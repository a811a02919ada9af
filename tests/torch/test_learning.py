from __future__ import annotations

import caffetools
from caffetools.torch.learning import has_unused, multipliers_of

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


def test_blobs_from_which_no_way_leads_to_the_loss() -> None:
    assert not has_unused(caffetools.from_text(NET))
    assert has_unused(caffetools.from_text(NET + SIDE))
