"""How layers are wired: blobs, copies, in-place layers, automatic tops, keys, refusals."""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import given

from caffetools.errors import CaffeToolsError, GraphError
from caffetools.layers.base import Layer
from caffetools.layers.blobs import Blobs, at_least, between, exactly
from caffetools.layers.registry import Registry
from caffetools.net.graph import Graph, State, build, keeps, meets
from tests import nets, strategies
from tests.conftest import CheckError
from tests.nets import layer


class Free(Layer):
    type: ClassVar[str] = "Free"
    bottoms: ClassVar[Blobs] = at_least(0)
    tops: ClassVar[Blobs] = at_least(0)


class Automatic(Layer):
    type: ClassVar[str] = "Automatic"
    tops: ClassVar[Blobs] = at_least(2)
    automatic_tops: ClassVar[bool] = True


class Paired(Layer):
    type: ClassVar[str] = "Paired"
    bottoms: ClassVar[Blobs] = between(0, 3)
    tops: ClassVar[Blobs] = at_least(0)
    as_many_tops_as_bottoms: ClassVar[bool] = True


class Python(Layer):
    type: ClassVar[str] = "Python"
    bottoms: ClassVar[Blobs] = at_least(0)
    tops: ClassVar[Blobs] = at_least(0)


class Own(Python):
    type: ClassVar[str] = "module.Own"


class Sink(Layer):
    type: ClassVar[str] = "Sink"
    bottoms: ClassVar[Blobs] = at_least(1)
    tops: ClassVar[Blobs] = exactly(0)


REGISTRY = Registry({})
for layer_class in (Free, Automatic, Paired, Python, Own, Sink):
    REGISTRY.register(layer_class)


def wired(text: str, state: State = State()) -> Graph:  # noqa: B008  # a named tuple never changes
    return build(nets.message(text), state, REGISTRY)


def told(graph: Graph) -> list[str]:
    """Each layer as `key: bottoms -> tops`, in-place tops in brackets."""
    names = [blob.name for blob in graph.blobs]
    return [
        f"{node.key}: {' '.join(names[blob] for blob in node.bottoms)} -> "
        + " ".join(
            f"[{names[blob]}]" if in_place else names[blob]
            for blob, in_place in zip(node.tops, node.in_place, strict=True)
        )
        for node in graph.nodes
    ]


def outputs(graph: Graph) -> list[str]:
    return [graph.blobs[blob].name for blob in graph.outputs]


def test_a_net_without_layers() -> None:
    graph = wired('name: "empty"')
    assert (graph.name, graph.nodes, graph.blobs, graph.outputs) == ("empty", (), (), ())


def test_a_chain() -> None:
    graph = wired(
        layer("Free", "data", "", "data label")
        + layer("Free", "conv", "data", "conv")
        + layer("Free", "relu", "conv", "conv")
        + layer("Sink", "end", "conv label")
    )
    assert told(graph) == [
        "data:  -> data label",
        "conv: data -> conv",
        "relu: conv -> [conv]",
        "end: conv label -> ",
    ]
    assert [node.tops for node in graph.nodes] == [(0, 1), (2,), (2,), ()]
    assert outputs(graph) == []


def test_in_place_is_by_the_index_of_the_bottom() -> None:
    graph = wired(
        layer("Free", "data", "", "a b")
        + layer("Free", "second", "a b", "c b")
        + layer("Free", "more", "c", "d e")
        + layer("Free", "first", "d b", "d f")
    )
    assert told(graph) == [
        "data:  -> a b",
        "second: a b -> c [b]",
        "more: c -> d e",
        "first: d b -> [d] f",
    ]


def test_a_copy_is_named_as_caffe_names_it_and_knows_the_blob() -> None:
    graph = wired(
        layer("Free", "data", "", "data")
        + layer("Free", "a", "data", "a")
        + layer("Free", "b", "data", "b")
    )
    assert told(graph) == [
        "data:  -> data",
        "data_data_0_split: data -> data_data_0_split_0 data_data_0_split_1",
        "a: data_data_0_split_0 -> a",
        "b: data_data_0_split_1 -> b",
    ]
    assert [blob.origin for blob in graph.blobs] == ["data", "data", "data", "a", "b"]
    assert [blob.inserted for blob in graph.blobs] == [False, True, True, False, False]
    assert [node.inserted for node in graph.nodes] == [False, True, False, False]


def test_only_what_the_state_keeps_is_wired() -> None:
    text = (
        layer("Free", "data", "", "data", "include { phase: TRAIN }")
        + layer("Free", "data", "", "data", "include { phase: TEST }")
        + layer("Free", "deploy", "", "extra", 'include { stage: "deploy" }')
        + layer("Free", "deep", "data", "deep", "include { min_level: 2 }")
    )
    assert told(wired(text)) == ["data:  -> data"]
    assert told(wired(text, State("TEST"))) == ["data:  -> data"]
    assert outputs(wired(text, State("TEST", ("deploy",), 2))) == ["deep", "extra"]


def test_layers_of_one_name_have_keys_of_their_own() -> None:
    names = ["a", "a", "b", "a", "a#2", "a#2", "b", "b#2"]
    graph = wired("".join(layer("Free", name, "", f"t{i}") for i, name in enumerate(names)))
    assert [node.key for node in graph.nodes] == [
        "a",
        "a#2",
        "b",
        "a#3",
        "a#2#2",
        "a#2#3",
        "b#2",
        "b#2#2",
    ]
    assert [node.name for node in graph.nodes] == names


def test_a_split_takes_no_key_from_a_layer() -> None:
    graph = wired(
        layer("Free", "a", "", "a")
        + layer("Sink", "x", "a")
        + layer("Sink", "y", "a")
        + layer("Free", "a_a_0_split", "", "b")
    )
    assert [node.key for node in graph.nodes] == ["a", "a_a_0_split", "x", "y", "a_a_0_split"]


def test_automatic_tops_fill_up_what_the_layer_must_have() -> None:
    graph = wired(
        layer("Free", "data", "", "a b c d")
        + layer("Automatic", "none", "a")
        + layer("Automatic", "one", "b", "one")
        + layer("Automatic", "in place", "c", "c")
        + layer("Automatic", "all", "d", "all other more")
    )
    assert told(graph)[1:] == [
        "none: a -> (automatic) (automatic)",
        "one: b -> one (automatic)",
        "in place: c -> [c] (automatic)",
        "all: d -> all other more",
    ]
    assert outputs(graph) == ["all", "c", "more", "one", "other"]
    assert not any(blob.inserted for blob in graph.blobs)


def test_an_automatic_top_cannot_be_read() -> None:
    text = layer("Free", "data", "", "a") + layer("Automatic", "auto", "a")
    with pytest.raises(GraphError, match=r"unknown bottom '\(automatic\)' of layer"):
        wired(text + layer("Sink", "end", "(automatic)"))


def test_a_prototxt_may_name_a_blob_as_the_automatic_ones() -> None:
    graph = wired(
        layer("Free", "data", "", "a (automatic)")
        + layer("Automatic", "auto", "a")
        + layer("Sink", "end", "(automatic)")
    )
    assert graph.nodes[2].bottoms == (1,)


def test_outputs_are_in_the_order_of_their_bytes() -> None:
    # UTF-8: 0x42, 0x61, 0xc3.., 0xef.., 0xf0..; the lone byte 0xe5 stands between.
    names = ["\U0001f600", "\u00e4", "a", "\uff5e", "\udce5", "B"]
    text = "".join(
        f'layer {{ name: "{i}" type: "Free" top: {strategies.quoted(name)} }}\n'
        for i, name in enumerate(names)
    )
    assert outputs(wired(text)) == ["B", "a", "\u00e4", "\udce5", "\uff5e", "\U0001f600"]


def test_the_copy_that_is_the_loss_is_an_output() -> None:
    graph = wired(
        layer("Free", "l", "", "loss", "loss_weight: 1") + layer("Free", "m", "loss", "more")
    )
    assert outputs(graph) == ["loss_l_0_split_0", "more"]
    assert [node.loss_weights for node in graph.nodes] == [(), (1.0, 0.0), ()]


def test_an_unknown_type_is_wired_as_it_stands() -> None:
    graph = wired(layer("Unheard", "x", "", "a b") + layer("Unheard", "y", "b", "b"))
    assert told(graph) == ["x:  -> a b", "y: b -> [b]"]
    assert [node.layer_class for node in graph.nodes] == [None, None]


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [("Python", "Own", Own), ("Python", "Other", Python), ("Free", "Own", Free)],
)
def test_a_python_layer_is_of_its_own_class(kind: str, name: str, expected: type[Layer]) -> None:
    param = f'python_param {{ module: "module" layer: "{name}" }}'
    (node,) = wired(layer(kind, "x", "", "x", param)).nodes
    assert (node.layer_class, node.type) == (expected, kind)


REFUSED = [
    pytest.param(
        """\
layer { name: "data" type: "Free" top: "data" }
layer { name: "ip" type: "Free"
  bottom: "data"
  bottom: "dada"
}
""",
        (4, 3),
        "unknown bottom 'dada' of layer 'ip': it is no top of an earlier layer",
        id="unknown bottom",
    ),
    pytest.param(
        """\
layer { name: "a" type: "Free" bottom: "b" top: "a" }
layer { name: "b" type: "Free" bottom: "a" top: "b" }
""",
        (1, 32),
        "unknown bottom 'b' of layer 'a': it is no top of an earlier layer",
        id="cycle",
    ),
    pytest.param(
        """\
layer { name: "a" type: "Free" top: "a" }
layer { name: "b" type: "Free"
  top: "b"
  top: "a"
}
""",
        (4, 3),
        "expected a new top, found the blob 'a' of an earlier layer",
        id="made twice",
    ),
    pytest.param(
        """\
layer { name: "a" type: "Free" top: "a" top: "b" }
layer { name: "b" type: "Free" bottom: "a" bottom: "b" top: "b" }
""",
        (2, 56),
        "expected a new top, found the blob 'b'",
        id="in place of the other bottom",
    ),
    pytest.param(
        """\
layer { name: "a" type: "Free" top: "a" }
layer { name: "b" type: "Free" bottom: "a" top: "b" }
layer { name: "relu" type: "Free" bottom: "a" top: "a" }
""",
        (3, 47),
        "expected a new top, found the blob 'a'",
        id="in place on a blob that another layer reads",
    ),
    pytest.param(
        """\
layer { name: "x" type: "Free" top: "a_a_0_split_1" }
layer { name: "a" type: "Free"
  top: "a"
}
layer { name: "b" type: "Free" bottom: "a" bottom: "a" }
""",
        (3, 3),
        "expected a new top, found the blob 'a_a_0_split_1'",
        id="a name that an inserted Split needs",
    ),
    pytest.param(
        """\
layer { name: "a" type: "Free" top: "a" top: "b" }
layer {
  name: "b" type: "Free"
  bottom: "a"
  propagate_down: true
  propagate_down: false
}
""",
        (6, 3),
        "expected a propagate_down for each bottom, 1 in all, found 2",
        id="propagate_down",
    ),
    pytest.param(
        """\
layer { name: "a" type: "Free" top: "a" top: "b" }
layer {
  name: "b" type: "Automatic"
  bottom: "a"
  bottom: "b"
}
""",
        (5, 3),
        "Automatic expects 1 bottom, found 2",
        id="too many bottoms",
    ),
    pytest.param(
        """\
layer { name: "a" type: "Free" top: "a" }
layer {
  name: "b" type: "Sink"
}
""",
        (2, 1),
        "Sink expects at least 1 bottom, found 0",
        id="too few bottoms",
    ),
    pytest.param(
        """\
layer { name: "a" type: "Free" top: "a" top: "b" top: "c" top: "d" }
layer { name: "b" type: "Paired"
  bottom: "a" bottom: "b" bottom: "c"
  bottom: "d"
}
""",
        (4, 3),
        "Paired expects at most 3 bottoms, found 4",
        id="over a range of bottoms",
    ),
    pytest.param(
        """\
layer { name: "a" type: "Free" top: "a" }
layer {
  name: "b" type: "Sink"
  bottom: "a"
  top: "b"
}
""",
        (5, 3),
        "Sink expects no tops, found 1",
        id="too many tops",
    ),
    pytest.param(
        """\
layer { name: "a" type: "Free" top: "a" top: "b" }
layer {
  name: "b" type: "Paired"
  bottom: "a"
  bottom: "b"
  top: "c"
}
""",
        (6, 3),
        "Paired expects a top for each bottom, 2 in all, found 1",
        id="not as many tops as bottoms",
    ),
    pytest.param(
        """\
layer { name: "a" type: "Free" top: "a" }
layer { name: "b" type: "Free"
  include { phase: TRAIN }
  exclude { phase: TEST }
}
""",
        (4, 3),
        "expected include rules or exclude rules, found both",
        id="rules of both kinds",
    ),
]


@pytest.mark.parametrize(("text", "place", "fragment"), REFUSED)
def test_refused(text: str, place: tuple[int, int], fragment: str) -> None:
    with pytest.raises(CaffeToolsError) as caught:
        wired(text)
    assert type(caught.value) is GraphError
    assert caught.value.location == ("net.prototxt", *place)
    assert fragment in caught.value.message


def test_names_are_quoted_in_messages() -> None:
    text = 'layer { name: "a\\nb\\033[31m" type: "Free" bottom: "\\377" }'
    with pytest.raises(GraphError) as caught:
        wired(text)
    assert "unknown bottom '\\udcff' of layer 'a\\nb\\x1b[31m'" in caught.value.message


@given(strategies.nets())
def test_what_holds_of_every_graph(text: str) -> None:
    graph = nets.graph(text)
    made: dict[int, int] = {}
    for index, node in enumerate(graph.nodes):
        assert all(made[blob] < index for blob in node.bottoms), "read before it is made"
        for blob, in_place in zip(node.tops, node.in_place, strict=True):
            assert in_place == (blob in made), "made by two nodes"
            assert not in_place or blob in node.bottoms
            made.setdefault(blob, index)
    assert sorted(made) == list(range(len(graph.blobs)))
    assert len({blob.name for blob in graph.blobs}) == len(graph.blobs)
    keys = [node.key for node in graph.nodes if not node.inserted]
    assert len(set(keys)) == len(keys)


@given(strategies.nets())
def test_outputs_are_what_nobody_reads(text: str) -> None:
    graph = nets.graph(text)
    last: dict[int, bool] = {}
    for node in graph.nodes:
        last.update(dict.fromkeys(node.bottoms, False))
        last.update(dict.fromkeys(node.tops, True))
    assert set(graph.outputs) == {blob for blob, unread in last.items() if unread}


TRAIN = State("TRAIN")
TEST = State("TEST")


@pytest.mark.parametrize(
    ("rule", "state", "expected"),
    [
        ("", TRAIN, True),
        ("phase: TRAIN", TRAIN, True),
        ("phase: TRAIN", TEST, False),
        ("phase: TEST", TEST, True),
        ("min_level: 2", State(level=1), False),
        ("min_level: 2", State(level=2), True),
        ("min_level: 0", State(level=-1), False),
        ("max_level: 2", State(level=2), True),
        ("max_level: 2", State(level=3), False),
        ("max_level: 0", State(level=1), False),
        ("min_level: 1 max_level: 3", State(level=2), True),
        ("min_level: 3 max_level: 1", State(level=2), False),
        ('stage: "a"', TRAIN, False),
        ('stage: "a"', State(stages=("a",)), True),
        ('stage: "a"', State(stages=("b", "a")), True),
        ('stage: "a" stage: "b"', State(stages=("a",)), False),
        ('stage: "a" stage: "b"', State(stages=("b", "c", "a")), True),
        ('not_stage: "a"', TRAIN, True),
        ('not_stage: "a"', State(stages=("a",)), False),
        ('not_stage: "a" not_stage: "b"', State(stages=("b",)), False),
        ('not_stage: "a" not_stage: "b"', State(stages=("c",)), True),
        ('stage: "a" not_stage: "a"', State(stages=("a",)), False),
        ('phase: TEST stage: "a"', State("TRAIN", ("a",)), False),
        ('phase: TEST stage: "a"', State("TEST", ("a",)), True),
        ('phase: TEST min_level: 1 stage: "a"', State("TEST", ("a",), 0), False),
        ('stage: ""', TRAIN, False),
        ('stage: ""', State(stages=("",)), True),
    ],
)
def test_meets(rule: str, state: State, *, expected: bool) -> None:
    assert meets(state, nets.message(rule, "NetStateRule")) is expected


@pytest.mark.parametrize(
    ("rules", "trained", "tested"),
    [
        ("", True, True),
        ("include { phase: TRAIN }", True, False),
        ("exclude { phase: TRAIN }", False, True),
        # Any include rule that is met keeps the layer; any exclude rule that is met drops it.
        ("include { phase: TRAIN } include { phase: TEST }", True, True),
        ('include { phase: TEST } include { stage: "deploy" }', False, True),
        ("exclude { phase: TRAIN } exclude { phase: TEST }", False, False),
        ('exclude { phase: TEST stage: "deploy" }', True, True),
        # A rule that names nothing is met by every state.
        ("include { }", True, True),
        ("exclude { }", False, False),
        # The layer's own phase is no rule.
        ("phase: TEST", True, True),
    ],
)
def test_keeps(rules: str, *, trained: bool, tested: bool) -> None:
    layer = nets.message(rules, "LayerParameter")
    assert (keeps(TRAIN, layer), keeps(TEST, layer)) == (trained, tested)


@pytest.mark.parametrize("phase", ["train", "test"])
def test_rules_of_both_kinds_are_refused(check_error: CheckError, phase: str) -> None:
    text = """\
layer {
  name: "a" type: "ReLU"
  include { phase: TRAIN }
  exclude { phase: TRAIN }
}
"""
    check_error(text, 4, 3, "expected include rules or exclude rules, found both", phase=phase)


def test_a_state_is_that_of_training_by_default() -> None:
    assert State() == ("TRAIN", (), 0)
