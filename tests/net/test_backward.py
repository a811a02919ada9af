"""Which layers compute a gradient, by nets that each turn on one rule of Net::Init."""

from __future__ import annotations

import pytest
from hypothesis import given

from caffetools.net.backward import needs_backward, stopped_bottoms
from tests import nets, strategies
from tests.nets import inner_product, layer

DATA = nets.given("data", 4, 2) + nets.given("label", 4, 3) + nets.given("other", 4, 2)
LOSS = layer("EuclideanLoss", "loss", "ip label", "loss")
FROZEN = "param { lr_mult: 0 } param { lr_mult: 0 }"


def flags(text: str) -> str:
    """The layers that compute a gradient, Splits included; inputs never do."""
    net = nets.inferred(DATA + text)
    return " ".join(
        layer.node.name for layer, flag in zip(net.layers, net.backward, strict=True) if flag
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            inner_product("ip", "data", 3) + LOSS,
            "ip loss",
            id="what learns, and what reads it",
        ),
        pytest.param(
            inner_product("ip", "data", 3, FROZEN) + LOSS,
            "",
            id="nothing learns",
        ),
        pytest.param(
            inner_product("a", "data", 2, FROZEN) + inner_product("ip", "a", 3) + LOSS,
            "ip loss",
            id="nothing below the first that learns",
        ),
        pytest.param(
            inner_product("a", "data", 2) + inner_product("ip", "a", 3, FROZEN) + LOSS,
            "a ip loss",
            id="through a frozen layer",
        ),
        pytest.param(
            inner_product("ip", "data", 3, "param { lr_mult: 0 }") + LOSS,
            "ip loss",
            id="the bias alone learns",
        ),
        pytest.param(
            layer("ReLU", "r", "data", "data") + inner_product("ip", "data", 3) + LOSS,
            "ip loss",
            id="in place below what learns",
        ),
        pytest.param(
            inner_product("ip", "data", 3) + layer("ReLU", "r", "ip", "ip") + LOSS,
            "ip r loss",
            id="in place above what learns",
        ),
        pytest.param(
            inner_product("ip", "data", 3),
            "",
            id="no loss",
        ),
        pytest.param(
            inner_product("ip", "data", 3, "loss_weight: 1"),
            "ip",
            id="any layer with a loss_weight is a loss",
        ),
        pytest.param(
            inner_product("ip", "data", 3, "loss_weight: 0"),
            "",
            id="a loss_weight of 0 is none",
        ),
        pytest.param(
            inner_product("ip", "data", 3, "loss_weight: -1"),
            "ip",
            id="a negative loss_weight is one",
        ),
        pytest.param(
            inner_product("ip", "data", 3) + LOSS.replace("}\n", "loss_weight: 0 }\n"),
            "",
            id="a loss layer of weight 0",
        ),
        pytest.param(
            inner_product("ip", "data", 3) + LOSS + inner_product("side", "data", 1),
            "ip loss",
            id="a branch that ends without a loss",
        ),
        pytest.param(
            inner_product("ip", "data", 3) + inner_product("side", "ip", 1) + LOSS,
            "ip ip_ip_0_split loss",
            id="a branch from a blob that leads to a loss",
        ),
        pytest.param(
            inner_product("ip", "data", 3) + layer("Silence", "end", "ip"),
            "",
            id="a layer without tops",
        ),
        pytest.param(
            inner_product("ip", "data", 3)
            + inner_product("labels", "other", 3)
            + layer("EuclideanLoss", "loss", "ip labels", "loss"),
            "ip labels loss",
            id="labels that learn",
        ),
        pytest.param(
            inner_product("ip", "data", 3)
            + inner_product("labels", "other", 3)
            + layer(
                "EuclideanLoss",
                "loss",
                "ip labels",
                "loss",
                "propagate_down: true propagate_down: false",
            ),
            "ip loss",
            id="propagate_down: false cuts off what is below",
        ),
        pytest.param(
            inner_product("ip", "data", 3)
            + layer("EuclideanLoss", "loss", "ip label", "loss", "propagate_down: false " * 2),
            "loss",
            id="propagate_down: false does not clear the layer's own flag",
        ),
        pytest.param(
            inner_product("a", "data", 2)
            + layer("ReLU", "b", "a", "b")
            + inner_product("ip", "b", 3, "propagate_down: false")
            + LOSS,
            "ip loss",
            id="a whole chain is cut off",
        ),
        pytest.param(
            inner_product("a", "data", 2)
            + layer("ReLU", "r", "a", "a", "propagate_down: false")
            + inner_product("ip", "a", 3)
            + LOSS,
            "r ip loss",
            id="a layer in place cuts off what made its blob",
        ),
        pytest.param(
            inner_product("a", "data", 2)
            + inner_product("b", "a", 2, "propagate_down: false")
            + inner_product("c", "a", 2)
            + layer("Eltwise", "ip", "b c", "ip")
            + layer("EuclideanLoss", "loss", "ip other", "loss"),
            "a a_a_0_split b c ip loss",
            id="one branch of two is cut off",
        ),
        pytest.param(
            inner_product("ip", "data", 3, "propagate_down: true") + LOSS,
            "ip loss",
            id="propagate_down: true does not make an input learn",
        ),
        pytest.param(
            layer("BatchNorm", "bn", "data", "bn") + inner_product("ip", "bn", 3, FROZEN) + LOSS,
            "bn ip loss",
            id="statistics without params count as learning",
        ),
        pytest.param(
            layer("BatchNorm", "bn", "data", "bn", "param { lr_mult: 0 } " * 3)
            + inner_product("ip", "bn", 3, FROZEN)
            + LOSS,
            "",
            id="statistics with three params do not",
        ),
        pytest.param(
            layer("BatchNorm", "bn", "data", "bn", "param { lr_mult: 0 } " * 2)
            + inner_product("ip", "bn", 3, FROZEN)
            + LOSS,
            "bn ip loss",
            id="statistics with two params do",
        ),
        pytest.param(
            # All automatic tops have one name: as `second` reads a blob that is called so, `first`
            # leads to a loss though its own weight is 0.
            inner_product("ip", "data", 3)
            + layer("EuclideanLoss", "first", "ip label", "", "loss_weight: 0")
            + inner_product("(automatic)", "other", 3)
            + layer("EuclideanLoss", "second", "(automatic) label", "loss"),
            "ip first (automatic) second",
            id="a blob that is named as the automatic tops",
        ),
    ],
)
def test_flags(text: str, expected: str) -> None:
    assert flags(text) == expected


@given(strategies.nets())
def test_only_what_a_loss_needs_and_a_blob_asks_for(text: str) -> None:
    net = nets.inferred(text)
    learning: set[int] = set()
    for each, flag in zip(net.layers, net.backward, strict=True):
        learns = any(blob.needs_backward for blob in each.params)
        if flag:
            assert learns or not learning.isdisjoint(each.node.bottoms)
        if learns or not learning.isdisjoint(each.node.bottoms):
            learning.update(each.node.tops)
    if not any(any(each.loss_weights) for each in net.layers):
        assert not any(net.backward)


def test_a_net_without_layers() -> None:
    assert needs_backward(nets.graph(""), [], []) == []
    assert needs_backward(nets.graph(nets.given("data", 1)), [True], [(1.0,)]) == [True]


STOPPED = "propagate_down: false "
SCALED_LABEL = layer("Scale", "scaled", "other", "scaled") + layer(
    "EuclideanLoss", "loss", "ip scaled", "loss", "propagate_down: true " + STOPPED
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(inner_product("ip", "data", 3, STOPPED) + LOSS, {}, id="nothing learns below"),
        pytest.param(
            inner_product("a", "data", 2) + inner_product("ip", "a", 3, STOPPED) + LOSS,
            {"ip": (0,)},
            id="below a layer that learns",
        ),
        pytest.param(
            inner_product("a", "data", 2, FROZEN) + inner_product("ip", "a", 3, STOPPED) + LOSS,
            {},
            id="a frozen layer",
        ),
        pytest.param(
            "force_backward: true "
            + inner_product("a", "data", 2)
            + inner_product("ip", "a", 3, STOPPED)
            + LOSS,
            {},
            id="forced",
        ),
        pytest.param(
            inner_product("ip", "data", 2) + SCALED_LABEL, {"loss": (1,)}, id="the second bottom"
        ),
        pytest.param(
            "force_backward: true "
            + inner_product("ip", "data", 2)
            + SCALED_LABEL.replace("EuclideanLoss", "SigmoidCrossEntropyLoss"),
            {"loss": (1,)},
            id="forced, but the layer does not allow it",
        ),
        pytest.param(
            inner_product("a", "data", 2)
            + layer("Softmax", "s", "a", "s", "propagate_down: false")
            + inner_product("ip", "s", 3)
            + LOSS,
            {"s": (0,)},
            id="Softmax ignores it, but nothing below is computed",
        ),
        pytest.param(
            inner_product("a", "data", 2)
            + layer("Softmax", "s", "a", "s", "propagate_down: false")
            + inner_product("ip", "s", 3)
            + layer("EuclideanLoss", "more", "a other", "more")
            + LOSS,
            {},
            id="Softmax ignores it, and another layer needs the gradient below",
        ),
    ],
)
def test_which_bottoms_propagate_down_stops(
    text: str, expected: dict[str, tuple[int, ...]]
) -> None:
    net = nets.inferred(DATA + text)
    learns = [any(blob.needs_backward for blob in each.params) for each in net.layers]
    found = zip(net.layers, stopped_bottoms(net.graph, learns, net.needs_backward), strict=True)
    assert {each.node.name: indices for each, indices in found if indices} == expected
