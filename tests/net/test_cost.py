"""What a net costs, each number written out, and what holds of every net."""

from __future__ import annotations

import pytest
from hypothesis import given

from caffetools.net.cost import HISTORY_VALUES, Cost, cost
from tests import nets, strategies
from tests.nets import inner_product, layer

DATA = nets.given("data", 2, 3)
LABEL = nets.given("label", 2, 4)
LOSS = layer("EuclideanLoss", "loss", "ip label", "loss")


def costs(text: str, phase: str = "TRAIN") -> Cost:
    return cost(nets.inferred(text, phase))


def test_each_number_of_a_small_net() -> None:
    found = costs(DATA + LABEL + inner_product("ip", "data", 4) + LOSS)
    weights = 4 * 3 + 4
    assert found == Cost(
        params=weights,
        learnable_params=weights,
        statistics=0,
        macs=2 * 4 * 3,
        memory_bytes=4 * (2 * 3 + 2 * 4 + 2 * 4 + 1),
        unique_memory_bytes=4 * (2 * 3 + 2 * 4 + 2 * 4 + 1),
        gradient_bytes=4 * (2 * 4 + 1) + 4 * weights,
        history_bytes=4 * weights,
    )
    assert found.frozen_params == 0


def test_an_empty_net_costs_nothing() -> None:
    assert costs("") == Cost(0, 0, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("text", "memory", "unique"),
    [
        (DATA, 6, 6),
        # In place, a top counts again, a blob does not.
        (DATA + layer("ReLU", "r", "data", "data"), 6 + 6, 6),
        (DATA + layer("ReLU", "r", "data", "data") * 2, 6 + 6 + 6, 6),
        # The two copies of a Split are blobs of their own.
        (DATA + layer("ReLU", "a", "data", "a") + layer("ReLU", "b", "data", "b"), 5 * 6, 5 * 6),
        # An automatic top is one.
        (LABEL + nets.given("ip", 2, 4) + layer("EuclideanLoss", "l", "ip label"), 17, 17),
        # A scalar has one element, an empty blob none.
        (nets.given("scalar"), 1, 1),
        (nets.given("empty", 5, 0, 3), 0, 0),
        (DATA + layer("Silence", "s", "data"), 6, 6),
    ],
)
def test_memory_of_the_data(text: str, memory: int, unique: int) -> None:
    found = costs(text)
    assert (found.memory_bytes, found.unique_memory_bytes) == (4 * memory, 4 * unique)


@pytest.mark.parametrize(
    ("params", "learnable", "frozen"),
    [
        ("", 12 + 4, 0),
        ("param { lr_mult: 0 }", 4, 12),
        ("param { } param { lr_mult: 0 }", 12, 4),
        ("param { lr_mult: 0 } param { lr_mult: 0 }", 0, 12 + 4),
        ("param { lr_mult: -1 }", 12 + 4, 0),
        ("param { decay_mult: 0 }", 12 + 4, 0),
    ],
)
def test_parameters_learn_unless_lr_mult_is_0(params: str, learnable: int, frozen: int) -> None:
    found = costs(DATA + inner_product("ip", "data", 4, params))
    assert (found.params, found.learnable_params, found.frozen_params) == (16, learnable, frozen)


def test_a_shared_blob_counts_once() -> None:
    shared = 'param { name: "w" } param { name: "b" }'
    text = nets.given("data", 2, 4) + "".join(
        inner_product(top, bottom, 4, shared) for bottom, top in (("data", "a"), ("a", "b"))
    )
    found = costs(text)
    assert (found.params, found.learnable_params) == (16 + 4, 16 + 4)
    assert found.macs == 2 * (2 * 4 * 4)


def test_a_sharer_can_freeze_the_owners_blob() -> None:
    text = (
        nets.given("data", 2, 4)
        + inner_product("a", "data", 4, 'param { name: "w" }')
        + inner_product("b", "a", 4, 'param { name: "w" lr_mult: 0 }')
    )
    found = costs(text)
    assert (found.params, found.learnable_params, found.frozen_params) == (16 + 4 + 4, 8, 16)


def test_statistics_are_neither_learnt_nor_frozen() -> None:
    text = nets.given("data", 2, 3, 5, 5) + layer("BatchNorm", "bn", "data", "data")
    found = costs(text)
    assert (found.params, found.statistics) == (3 + 3 + 1, 3 + 3 + 1)
    assert (found.learnable_params, found.frozen_params) == (0, 0)


@pytest.mark.parametrize(
    ("text", "blobs"),
    [
        # A blob has a gradient where the layer that makes it computes one.
        (inner_product("ip", "data", 4) + LOSS, 8 + 1),
        (inner_product("ip", "data", 4, "param { lr_mult: 0 } " * 2) + LOSS, 0),
        (inner_product("ip", "data", 4) + layer("ReLU", "r", "ip", "ip") + LOSS, 8 + 1),
        (inner_product("ip", "data", 4), 0),
        ("force_backward: true " + inner_product("ip", "data", 4), 6 + 8 + 8),
    ],
)
def test_gradients_of_the_data(text: str, blobs: int) -> None:
    assert costs(DATA + LABEL + text).gradient_bytes == 4 * blobs + 4 * 16


def test_what_is_not_known_makes_totals_unknown() -> None:
    unknown = Cost(None, None, None, None, None, None, None, None)
    assert costs(DATA + layer("Unheard", "u", "data", "u")) == unknown
    assert unknown.frozen_params is None


def test_memory_is_known_where_all_shapes_are() -> None:
    found = costs(DATA + layer("Unheard", "end", "data"))
    assert (found.params, found.macs, found.memory_bytes) == (None, None, 4 * 6)
    assert (found.gradient_bytes, found.history_bytes) == (None, None)


def test_a_shape_that_is_lost_in_place_makes_the_memory_unknown() -> None:
    found = costs(DATA + layer("Unheard", "u", "data", "data"))
    assert (found.memory_bytes, found.unique_memory_bytes) == (None, None)


def test_the_solvers_are_caffes() -> None:
    twice = {"AdaDelta", "Adam"}
    assert {name for name, numbers in HISTORY_VALUES.items() if numbers == 2} == twice
    assert HISTORY_VALUES.keys() - twice == {"SGD", "Nesterov", "AdaGrad", "RMSProp"}


@given(strategies.nets())
def test_what_holds_of_every_net(text: str) -> None:
    found = costs(text)
    assert found.params is not None
    assert found.learnable_params is not None
    assert found.memory_bytes is not None
    assert found.unique_memory_bytes is not None
    assert found.gradient_bytes is not None
    assert found.memory_bytes >= found.unique_memory_bytes > 0
    assert found.params >= found.learnable_params >= 0
    assert found.history_bytes == 4 * found.params
    assert 0 <= found.gradient_bytes - 4 * found.params <= found.unique_memory_bytes
    assert found.frozen_params == found.params - found.learnable_params


@given(strategies.nets())
def test_forcing_backward_changes_gradients_alone(text: str) -> None:
    found, forced = costs(text), costs("force_backward: true\n" + text)
    assert forced.gradient_bytes == 4 * (forced.params or 0) + (forced.unique_memory_bytes or 0)
    assert (found.params, found.macs, found.memory_bytes) == (
        forced.params,
        forced.macs,
        forced.memory_bytes,
    )
