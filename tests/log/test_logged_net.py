from __future__ import annotations

import pytest

from caffetools.log.echo_reader import Echo
from caffetools.log.logged_net import UNNAMED, NetDraft
from tests.logs import NET, lines, read


def test_shapes_go_to_the_layer_that_is_set_up_or_was_created_last() -> None:
    draft = NetDraft(10)
    draft.add_layer("a", None, 11)
    draft.add_layer("b", None, 12)
    assert draft.shaped(13).name == "b"
    draft.set_up("a")
    assert draft.shaped(14).name == "a"
    draft.set_up("nobody")
    assert draft.shaped(15).name == "a"


def test_without_any_layer_there_is_one_without_a_name() -> None:
    for names in ((), ("data",)):
        draft = NetDraft(1)
        draft.shaped(1).add_shape((2, 3), 6, 0)
        for name in names:
            draft.set_backward(name, needed=False)
        assert draft.net({}).layers[0].name == (*names, UNNAMED)[0]


def test_what_equals_an_earlier_net_is_that_nets_own() -> None:
    known: dict[object, object] = {}
    drafts = [NetDraft(line) for line in (1, 100)]
    for draft in drafts:
        draft.add_layer("a", "ReLU", draft.line + 3)
        draft.echo = Echo("net", draft.line, draft.line + 1, "x" * 10 + str(len("a")), cut=False)
    first, second = (draft.net(known) for draft in drafts)
    assert first.layers is second.layers
    assert first.echo is not None
    assert second.echo is not None
    assert first.echo.text is second.echo.text


def test_the_phase_may_be_the_echoes() -> None:
    draft = NetDraft(1)
    draft.echo = Echo("net", 1, 2, 'name: "a"\nstate {\n  phase: TEST\n  level: 0\n}\n', cut=False)
    assert draft.net({}).phase == "TEST"
    draft.phase = "TRAIN"
    assert draft.net({}).phase == "TRAIN"


def test_the_phase_may_be_that_of_rules_which_hold() -> None:
    draft = NetDraft(1)
    draft.echo = Echo("net", 1, 2, "layers {\n  include {\n    phase: TEST\n  }\n}\n", cut=False)
    assert draft.net({}).phase == "TEST"


def test_memory_is_a_layers_until_the_net_is_complete() -> None:
    draft = NetDraft(1)
    draft.add_layer("a", None, 2)
    draft.set_memory(100, 3)
    draft.is_complete = True
    draft.set_memory(200, 9)
    net = draft.net({})
    assert (net.layers[0].memory_bytes, net.memory_bytes, net.memory_line) == (100, 200, 8)


@pytest.mark.parametrize(
    ("name", "tops", "is_split"),
    [
        ("data_data_0_split", ("data_data_0_split_0", "data_data_0_split_1"), True),
        ("data_data_0_split", ("data_data_0_split_1", "data_data_0_split_0"), False),
        ("my_split", ("left", "right"), False),
        ("data", ("data_0", "data_1"), False),
    ],
)
def test_splits_are_known_by_their_names(name: str, tops: tuple[str, ...], is_split: bool) -> None:
    texts = [f"Creating Layer {name}", f"{name} <- data", *(f"{name} -> {top}" for top in tops)]
    (net,) = read(lines(*texts, place=NET)).nets
    assert net.layers[0].is_split is is_split
