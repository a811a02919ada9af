"""Two nets told apart: one difference at a time, and none where there is none."""

from __future__ import annotations

import pytest
from hypothesis import given

from caffetools.net.diff import differences
from tests import nets, strategies
from tests.nets import inner_product, layer

DATA = nets.given("data", 2, 3)


def told(old: str, new: str) -> list[str]:
    return list(differences(nets.net(old), nets.net(new), every=True))


def layers_told(old: str, new: str) -> list[str]:
    """What is told of the layers between an input of 2 x 3 and the totals."""
    lines = told(DATA + old, DATA + new)
    return [line for line in lines if not line.startswith(("parameters", "multiply", "bytes"))]


def ip(options: str = "", fields: str = "") -> str:
    return layer(
        "InnerProduct", "ip", "data", "ip", f"{fields} inner_product_param {{ {options} }}"
    )


def test_a_net_is_no_different_from_itself() -> None:
    assert told(DATA + ip("num_output: 2"), DATA + ip("num_output: 2")) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", layer("ReLU", "r", "data", "data"), ["+ r (ReLU)"]),
        (layer("ReLU", "r", "data", "data"), "", ["- r (ReLU)"]),
        (
            layer("ReLU", "r", "data", "data"),
            layer("ReLU", "s", "data", "data"),
            ["~ r (ReLU) -> s"],
        ),
        (
            layer("ReLU", "r", "data", "data"),
            layer("TanH", "r", "data", "data"),
            ["~ r (ReLU)", "    type: ReLU -> TanH"],
        ),
        (
            layer("ReLU", "r", "data", "data"),
            layer("ReLU", "r", "data", "r"),
            ["~ r (ReLU)", "    tops: data -> r"],
        ),
        (
            nets.given("x", 2, 3) + layer("ReLU", "r", "data", "r"),
            nets.given("x", 2, 3) + layer("ReLU", "r", "x", "r"),
            ["~ r (ReLU)", "    bottoms: data -> x"],
        ),
        (
            ip("num_output: 2"),
            ip("num_output: 4"),
            [
                "~ ip (InnerProduct)",
                "    inner_product_param.num_output: 2 -> 4",
                "    shape of ip: 2 x 2 -> 2 x 4",
                "    weight: 2 x 3 -> 4 x 3",
                "    bias: 2 -> 4",
                "    multiply-accumulates: 12 -> 24",
            ],
        ),
        (
            ip("num_output: 2"),
            ip("num_output: 2 bias_term: false"),
            [
                "~ ip (InnerProduct)",
                "    inner_product_param.bias_term: True -> False",
                "    bias: 2 -> none",
            ],
        ),
        # What is given as its default is no difference, nor how it is written.
        (ip("num_output: 2"), ip("num_output: 0x2 bias_term: true axis: 1"), []),
        (ip("num_output: 2"), ip("num_output: 2", "param { lr_mult: 1 }"), []),
        (
            ip("num_output: 2", "param { lr_mult: 1 } param { lr_mult: 2 }"),
            ip("num_output: 2", "param { lr_mult: 0 }"),
            [
                "~ ip (InnerProduct)",
                "    param[0].lr_mult: 1.0 -> 0.0",
                "    param[1].lr_mult: 2.0 -> 1.0",
            ],
        ),
        (
            ip("num_output: 2 weight_filler { type: 'xavier' }"),
            ip("num_output: 2 weight_filler { type: 'gaussian' std: 0.01 }"),
            [
                "~ ip (InnerProduct)",
                "    inner_product_param.weight_filler.type: xavier -> gaussian",
                "    inner_product_param.weight_filler.std: 1.0 -> 0.01",
            ],
        ),
        (
            layer("ReLU", "r", "data", "r", "loss_weight: 1"),
            layer("ReLU", "r", "data", "r"),
            ["~ r (ReLU)", "    loss_weight: 1.0 -> not given"],
        ),
        # Rules led to the layers that are compared; they are none themselves.
        (
            layer("ReLU", "r", "data", "r", "include { phase: TRAIN min_level: 0 }"),
            layer("ReLU", "r", "data", "r", "exclude { phase: TEST }"),
            [],
        ),
        # Nor are the phase and the weights, which stand in a .caffemodel.
        (
            layer("ReLU", "r", "data", "r", "phase: TEST blobs { data: 1 }"),
            layer("ReLU", "r", "data", "r"),
            [],
        ),
        (
            nets.given("x", 2, 3) + layer("Silence", "s", "data x"),
            nets.given("x", 2, 3) + layer("Silence", "s", "x data"),
            ["~ s (Silence)", "    bottoms: data, x -> x, data"],
        ),
        (
            layer("Slice", "s", "data", "a b c"),
            layer("Slice", "s", "data", "a b", "slice_param { slice_point: 1 }"),
            [
                "~ s (Slice)",
                "    tops: a, b, c -> a, b",
                "    slice_param.slice_point: not given -> 1",
                "    shape of b: 2 x 1 -> 2 x 2",
            ],
        ),
        (
            layer("ReLU", "r", "data", "r") + layer("ReLU", "s", "data", "s"),
            layer("ReLU", "s", "data", "s") + layer("ReLU", "r", "data", "r"),
            ["the common layers are in a different order"],
        ),
        (
            layer("ReLU", "r", "data", "r") + layer("ReLU", "r", "r", "s"),
            layer("ReLU", "r", "data", "r") + layer("TanH", "r", "r", "s"),
            ["~ r#2 (ReLU)", "    type: ReLU -> TanH"],
        ),
    ],
)
def test_layers(old: str, new: str, expected: list[str]) -> None:
    assert layers_told(old, new) == expected


SHARED = 'param { name: "w" }'


def test_an_owner() -> None:
    data = nets.given("data", 2, 2)
    old = data + inner_product("a", "data", 2, SHARED) + inner_product("b", "a", 2, SHARED)
    new = data + inner_product("a", "data", 2, SHARED) + inner_product("b", "a", 2)
    assert told(old, new) == [
        "~ b (InnerProduct)",
        "    param.name: w -> not given",
        "    owner of weight: a -> itself",
        "parameters: 8 -> 12 (+50.0 %)",
    ]
    assert told(new, old)[2:] == [
        "    owner of weight: itself -> a",
        "parameters: 12 -> 8 (-33.3 %)",
    ]


def test_totals() -> None:
    lines = told(DATA + ip("num_output: 2"), DATA + ip("num_output: 3"))
    assert lines[-3:] == [
        "parameters: 8 -> 12 (+50.0 %)",
        "multiply-accumulates: 12 -> 18 (+50.0 %)",
        # 4 * (6 + 4) -> 4 * (6 + 6)
        "bytes of memory for data: 40 -> 48 (+20.0 %)",
    ]


def test_totals_from_nothing_and_to_what_is_not_known() -> None:
    unheard = layer("Unheard", "u", "", "u")
    assert told(DATA, DATA + unheard) == [
        "+ u (Unheard)",
        "parameters: 0 -> ?",
        "multiply-accumulates: 0 -> ?",
        "bytes of memory for data: 24 -> ?",
    ]
    assert told(DATA + unheard, DATA)[1:] == [
        "parameters: ? -> 0",
        "multiply-accumulates: ? -> 0",
        "bytes of memory for data: ? -> 24",
    ]
    assert told("", DATA)[1:] == ["bytes of memory for data: 0 -> 24"]


def test_shapes_that_are_not_known() -> None:
    assert layers_told(layer("Unheard", "a", "data", "a"), layer("ReLU", "a", "data", "a")) == [
        "~ a (Unheard)",
        "    type: Unheard -> ReLU",
        "    shape of a: unknown -> 2 x 3",
        "    multiply-accumulates: ? -> 0",
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("fork: 1", "fork: 2", ["fork: 1 -> 2"]),
        ("fork: 1", "", ["fork: 1 -> not given"]),
        ("fork { x: 1 }", "fork { x: 2 }", ["fork.x: 1 -> 2"]),
        ("fork { x: 1 }", "", ["fork.x: 1 -> not given"]),
        ("", "fork { x { y: 'z' } }", ["fork.x.y: not given -> z"]),
        ("fork { x: 1 }", "fork: 1", ["fork: { } -> 1"]),
        ("fork: 1", "fork { x: 1 }", ["fork: 1 -> { }"]),
        ("fork: 1 fork { x: 1 }", "fork { x: 1 } fork: 1", ["fork: 1, { } -> { }, 1"]),
    ],
)
def test_fields_that_nobody_knows(old: str, new: str, expected: list[str]) -> None:
    lines = layers_told(layer("ReLU", "r", "data", "r", old), layer("ReLU", "r", "data", "r", new))
    assert lines == ["~ r (ReLU)", *(f"    {line}" for line in expected)]


def test_batch_sizes_and_fillers_are_differences_only_if_asked() -> None:
    """10 images of 3 instead of 2: shapes, multiply-accumulates and memory only grow with them."""
    fillers = ("num_output: 2", "num_output: 2 weight_filler { type: 'xavier' }")
    old, new = (nets.net(nets.given("data", n, 3) + ip(fillers[n > 2])) for n in (2, 10))
    assert list(differences(old, new)) == []
    assert "    shape of ip: 2 x 2 -> 10 x 2" in list(differences(old, new, every=True))
    wide = nets.net(nets.given("data", 10, 4) + ip("num_output: 2"))
    lines = list(differences(old, wide))
    assert lines[:3] == [
        "~ data (Input)",
        "    input_param.shape.dim: 2, 3 -> 10, 4",
        "    shape of data: 2 x 3 -> 10 x 4",
    ]
    assert "    weight: 2 x 3 -> 2 x 4" in lines
    assert not any("shape of ip" in line for line in lines)


def test_renamed_layers_are_paired_by_place() -> None:
    def old(last: str, outputs: int) -> str:
        head = inner_product("a", "data", 5) + inner_product(last, "a", outputs)
        return DATA + head + layer("Softmax", "prob", last, "prob")

    assert told(old("fc8", 4), old("fc9", 4)) == ["~ fc8 (InnerProduct) -> fc9"]
    assert [line for line in told(old("fc8", 4), old("fc9", 7)) if line[0] in "+-~"] == [
        "~ fc8 (InnerProduct) -> fc9",
        "~ prob (Softmax)",
    ]
    other = old("fc8", 4).replace('"a"', '"b"').replace("fc8", "fc9")
    assert told(old("fc8", 4), other) == [
        "~ a (InnerProduct) -> b",
        "~ fc8 (InnerProduct) -> fc9",
    ]


def test_hostile_names_and_values_are_escaped() -> None:
    old = 'layer { name: "a\\n" type: "\\033[1m" top: "x" fork: "y" }'
    new = 'layer { name: "a\\n" type: "\\033[2m" top: "\\r" fork: "\\377" }'
    lines = told(old, new)
    assert lines == [
        "~ a\\n (\\x1b[1m)",
        "    type: \\x1b[1m -> \\x1b[2m",
        "    tops: x -> \\r",
        "    fork: y -> \\udcff",
    ]


@given(strategies.nets())
def test_no_net_differs_from_itself(text: str) -> None:
    assert told(text, text) == []


@given(strategies.nets(), strategies.nets())
def test_the_way_back_is_the_other_way_round(old: str, new: str) -> None:
    there, back = told(old, new), told(new, old)
    signs = str.maketrans("+-", "-+")
    titles = [
        sorted(line[0].translate(turn) for line in lines if line[0] in "+-~")
        for lines, turn in ((there, signs), (back, {}))
    ]
    assert titles[0] == titles[1]
    assert bool(there) == bool(back)
    assert all(line.isprintable() for line in there)
