"""Each filler as the call that fills a parameter."""

from __future__ import annotations

import pytest

from caffetools.net.loading import from_text
from caffetools.torch.emit.base import Fill, Slot
from caffetools.torch.emit.fillers import fill, slot

CASES = (
    ("", Fill("nn.init.zeros_")),
    ("value: 1", Fill("nn.init.ones_")),
    ("value: 0.1", Fill("nn.init.constant_", (), (0.10000000149011612,))),
    ('type: "gaussian" std: 0.5', Fill("nn.init.normal_", (("std", 0.5),))),
    ('type: "gaussian" mean: 2', Fill("nn.init.normal_", (("mean", 2.0),))),
    (
        'type: "gaussian" sparse: 3',
        Fill("sparse_gaussian_", (("mean", 0.0), ("std", 1.0), ("sparse", 3))),
    ),
    ('type: "uniform"', Fill("nn.init.uniform_")),
    ('type: "uniform" min: -2 max: 2', Fill("nn.init.uniform_", (("a", -2.0), ("b", 2.0)))),
    ('type: "xavier"', Fill("xavier_")),
    ('type: "msra" variance_norm: AVERAGE', Fill("msra_", (("variance_norm", "AVERAGE"),))),
    ('type: "positive_unitball"', Fill("positive_unitball_")),
    ('type: "bilinear"', Fill("bilinear_")),
    ('type: "of_a_fork"', None),
)


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_fillers(text: str, expected: Fill | None) -> None:
    net = from_text(
        'layer { name: "p" type: "Parameter" top: "p" '
        f"inner_product_param {{ weight_filler {{ {text} }} }} "
        "parameter_param { shape { dim: 1 } } }"
    )
    filler = net.layers[0].node.message.message("inner_product_param").message("weight_filler")
    assert fill(filler) == expected


def test_a_default_is_taken_where_no_filler_is_given() -> None:
    message = from_text('layer { name: "p" type: "Parameter" top: "p" }').layers[0].node.message
    param = message.message("prelu_param")
    constant = Fill("nn.init.constant_", (), (0.25,))
    assert slot("weight", param, "filler", 0.25) == Slot("weight", constant)
    assert slot("weight", param, "filler", 0.25, 0.25) == Slot("weight", None)


def test_a_tensor_that_starts_as_filled_is_left_alone() -> None:
    message = (
        from_text(
            'layer { name: "p" type: "Parameter" top: "p" prelu_param { filler { value: 0.5 } } }'
        )
        .layers[0]
        .node.message
    )
    param = message.message("prelu_param")
    assert slot("weight", param, "filler", 0.25, 0.5) == Slot("weight", None)
    assert slot("weight", param, "filler", 0.25, 0.25).fill == Fill("nn.init.constant_", (), (0.5,))
