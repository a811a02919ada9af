"""Layers of two nets that correspond."""

from __future__ import annotations

from hypothesis import given

from caffetools.net.pairing import pairs
from tests import nets, strategies
from tests.nets import inner_product, layer

DATA = nets.given("data", 2, 3)


def paired(old: str, new: str) -> dict[str, str]:
    found = pairs(nets.net(DATA + old), nets.net(DATA + new))
    return {key: other.node.key for key, other in found.items() if key != "data"}


def chain(*names: str) -> str:
    bottoms = ("data", *names)
    return "".join(inner_product(*pair, 4) for pair in zip(names, bottoms, strict=False))


def test_namesakes() -> None:
    assert paired(chain("a", "b"), chain("a", "b", "c")) == {"a": "a", "b": "b"}


def test_renamed_layers_between_namesakes() -> None:
    assert paired(chain("a", "b", "c"), chain("a", "x", "c")) == {"a": "a", "b": "x", "c": "c"}
    relu = layer("ReLU", "r", "data", "r")
    assert paired(chain("b"), relu) == {}
    assert paired(relu + chain("a"), chain("a", "r2")) == {"a": "a"}


def test_more_layers_are_paired_from_either_end_if_they_are_alike() -> None:
    """The weight of the first is 4 x 3, of the others 4 x 4."""
    assert paired(chain("a", "b"), chain("x", "y", "z")) == {"a": "x", "b": "y"}
    relu = layer("ReLU", "r", "data", "data")
    assert paired(chain("a", "b"), relu + chain("x", "y")) == {"a": "x", "b": "y"}
    assert paired(chain("a"), relu + inner_product("x", "data", 5)) == {}


@given(strategies.nets())
def test_all_layers_of_one_net_are_paired(text: str) -> None:
    net = nets.net(text)
    assert pairs(net, net) == {layer.node.key: layer for layer in net.layers}
