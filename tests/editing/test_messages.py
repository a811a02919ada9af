"""Messages made and changed: fields, places, names that need quotes."""

from __future__ import annotations

from caffetools.editing.messages import (
    all_messages,
    layer_message,
    shape_text,
    with_values,
    without,
)
from caffetools.proto.comments import NEW
from tests.nets import given, message
from tests.trees import plain


def test_a_new_layer() -> None:
    net = message(given("x", 1, 2))
    name = 'a "name"\n'
    made = layer_message(
        net, "Input", name, ["x"], ["y"], f"input_param {{ {shape_text((1, 2))} }}"
    )
    assert plain(made) == {
        "name": [name],
        "type": ["Input"],
        "bottom": ["x"],
        "top": ["y"],
        "input_param": [{"shape": [{"dim": [1, 2]}]}],
    }
    assert {each.source for each in all_messages(made)} == {net.source}
    assert made.place("name") == NEW


def test_other_values_take_the_places_of_the_old_ones() -> None:
    net = message('name: "a" input: "x" input: "y"')
    assert with_values(net, "input", ["z"]).fields["input"] == [("z", net.place("input", 0))]
    assert [place for _, place in with_values(net, "input", "abc").fields["input"]] == [10, 21, 21]
    assert with_values(net, "input_dim", [3]).fields["input_dim"] == [(3, NEW)]
    assert "input" not in with_values(net, "input", []).fields


def test_without() -> None:
    net = message('layer { name: "a" include { phase: TEST } } name: "n"')
    assert plain(without(net, {"include", "x"}.__contains__)) == {
        "layer": [{"name": ["a"]}],
        "name": ["n"],
    }
    assert plain(without(net, {"name"}.__contains__)) == {
        "layer": [{"include": [{"phase": ["TEST"]}]}]
    }
