"""The table of a net: its rows and columns, and the lines under it."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given

from caffetools.net.net import Net
from caffetools.net.receptive import ReceptiveField
from caffetools.net.summary import columns, field, footer, rows
from caffetools.table import csv_table, markdown_table, text_table
from tests import nets, strategies
from tests.nets import inner_product, layer

DATA = nets.given("data", 2, 3, 9, 9)


def table(net: Net) -> list[dict[str, str]]:
    """The rows of a net by title, as its CSV has them."""
    text = csv_table(columns(net), list(rows(net)))
    return list(csv.DictReader(io.StringIO(text)))


def row(text: str, index: int = -1) -> dict[str, str]:
    """What a row holds, empty cells left out."""
    return {title: cell for title, cell in table(nets.net(text))[index].items() if cell}


def convolution(name: str, options: str, kind: str = "Convolution") -> str:
    return layer(kind, name, "data", name, f"convolution_param {{ num_output: 4 {options} }}")


def test_a_row() -> None:
    assert row(DATA + convolution("conv", "kernel_size: 3 stride: 2 pad: 1")) == {
        "layer": "conv",
        "type": "Convolution",
        "top": "conv",
        "shape": "2 x 4 x 5 x 5",
        "kernel/stride/pad": "3/2/1",
        "parameters": str(4 * 3 * 3 * 3 + 4),
        "MACs": str(2 * 4 * 5 * 5 * 3 * 3 * 3),
        "field/stride": "3/2",
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("kernel_size: 1", "1/1/0"),
        ("kernel_h: 3 kernel_w: 5 pad_h: 1 pad_w: 2", "3x5/1/1x2"),
        ("kernel_size: 3 dilation: 2", "3/1/0 dilation 2"),
        ("kernel_size: 3 dilation: [1, 2]", "3/1/0 dilation 1x2"),
    ],
)
def test_windows(options: str, expected: str) -> None:
    assert row(DATA + convolution("conv", options))["kernel/stride/pad"] == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (None, ""),
        ((ReceptiveField(195, 16, -89),), "195/16"),
        ((ReceptiveField(3, 1, 0), ReceptiveField(3, 1, 0)), "3/1"),
        ((ReceptiveField(3, 1, 0), ReceptiveField(5, 2, 0)), "3x5/1x2"),
    ],
)
def test_field(fields: tuple[ReceptiveField, ...] | None, expected: str) -> None:
    assert field(fields) == expected


def test_a_field_after_a_transposed_convolution_has_decimals() -> None:
    text = DATA + convolution("up", "kernel_size: 4 stride: 2 pad: 1", "Deconvolution")
    end = "convolution_param { num_output: 1 kernel_size: 2 }"
    found = table(nets.net(text + layer("Convolution", "end", "up", "end", end)))
    # 2 + (2 - 1) / 2
    assert [each["field/stride"] for each in found] == ["1/1", "2/0.5", "2.5/0.5"]


def test_what_is_the_layers_stands_in_its_first_row() -> None:
    net = nets.net(nets.given("data", 2, 6) + layer("Slice", "cut", "data", "a b"))
    assert [(each["layer"], each["type"], each["top"]) for each in table(net)] == [
        ("data", "Input", "data"),
        ("cut", "Slice", "a"),
        ("", "", "b"),
    ]


def test_a_layer_without_tops_has_a_row() -> None:
    assert row(DATA + layer("Silence", "end", "data")) == {"layer": "end", "type": "Silence"}


def test_an_in_place_top_is_marked() -> None:
    assert row(DATA + layer("ReLU", "relu", "data", "data"))["top"] == "data (in-place)"


def test_an_automatic_top_is_told_as_caffe_calls_it() -> None:
    text = nets.given("a", 2, 3) + nets.given("b", 2, 3) + layer("EuclideanLoss", "loss", "a b")
    assert (row(text)["top"], row(text)["shape"]) == ("(automatic)", "scalar")


def test_what_is_shared_is_no_parameter_of_the_sharer() -> None:
    data = nets.given("data", 2, 3)
    both = 'param { name: "w" } param { name: "b" }'
    text = data + inner_product("a", "data", 3, both) + inner_product("b", "a", 3, both)
    assert [each["parameters"] for each in table(nets.net(text))] == ["", "12", "shared"]
    one = 'param { name: "w" }'
    text = data + inner_product("a", "data", 3, one) + inner_product("b", "a", 3, one)
    assert [each["parameters"] for each in table(nets.net(text))] == ["", "12", "3"]


def test_what_is_not_known_has_a_mark() -> None:
    net = nets.net(DATA + layer("Unheard", "what", "data", "what"))
    line = text_table(columns(net), list(rows(net)))[3]
    assert re.split(" {2,}", line) == ["what", "Unheard", "what", "?", "?", "?"]


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (
            None,
            "layer type top shape kernel/stride/pad parameters MACs field/stride",
        ),
        (85, "layer type top shape kernel/stride/pad parameters MACs"),
        (72, "layer type shape kernel/stride/pad parameters MACs"),
        (60, "layer type shape parameters MACs"),
        (10, "layer type shape parameters MACs"),
    ],
)
def test_the_least_telling_columns_go_first(width: int | None, expected: str) -> None:
    net = nets.net(DATA + convolution("conv", "kernel_size: 3"))
    lines = text_table(columns(net), list(rows(net)), width)
    assert lines[0].split() == expected.split()
    assert lines[5].split() == ["total", "112", f"{2 * 4 * 7 * 7 * 27:,}"]
    note = "".join(lines[6:]).replace(" ", "").removeprefix("notshownatthiswidth:")
    titles = {column.title for column in columns(net)}
    assert set(filter(None, note.split(","))) == titles - set(expected.split())


def test_layers_are_sorted_with_their_shares() -> None:
    """Of 3 * 3 + 3 and 5 * 3 + 5 parameters, 2 * 9 and 2 * 15 MACs, 4 * 2 * (3 + 3 + 5) bytes."""
    layers = inner_product("a", "data", 3) + inner_product("b", "a", 5)
    net = nets.net(nets.given("data", 2, 3) + layers)
    found = {}
    for by in ("params", "macs", "memory"):
        lines = csv_table(columns(net, by), list(rows(net, by))).splitlines()
        found[by] = [(each["layer"], each["share"]) for each in csv.DictReader(lines)]
    assert found["params"] == [("b", "62.5%"), ("a", "37.5%"), ("data", "0.0%")]
    assert found["macs"] == [("b", "62.5%"), ("a", "37.5%"), ("data", "0.0%")]
    assert found["memory"] == [("b", "45.5%"), ("data", "27.3%"), ("a", "27.3%")]
    assert {column.title: column.total for column in columns(net, "memory")}["bytes"] == 88


def test_totals_of_which_a_part_is_unknown() -> None:
    layers = inner_product("ip", "data", 4) + layer("Unheard", "u", "ip", "u")
    net = nets.net(nets.given("data", 2, 3) + layers)
    totals = {column.title: column.total for column in columns(net)}
    assert (totals["parameters"], totals["MACs"]) == ("at least 16", "at least 24")
    size = f"at least {4 * (2 * 3 + 2 * 4)}"
    assert footer(net)[:2] == [
        "parameters: at least 16, at least 16 of them learnable",
        f"memory for data: {size} bytes as Caffe counts it (every top), {size} with each blob once",
    ]


def test_hostile_names_are_escaped() -> None:
    net = nets.net('layer { name: "a\\n\\033[2J" type: "\\342\\200\\256x" top: "\\377" }')
    assert (table(net)[0]["layer"], table(net)[0]["type"], table(net)[0]["top"]) == (
        "a\\n\\x1b[2J",
        "\\u202ex",
        "\\udcff",
    )


def test_the_second_of_a_name_has_its_key() -> None:
    text = nets.given("a", 1) + nets.given("a", 1).replace('top: "a"', 'top: "b"')
    assert [each["layer"] for each in table(nets.net(text))] == ["a", "a#2"]


LABEL = nets.given("label", 2, 4)
LOSS = layer("EuclideanLoss", "loss", "ip label", "loss")
SMALL = nets.given("data", 2, 3)


def test_footer() -> None:
    net = nets.net(SMALL + LABEL + inner_product("ip", "data", 4, "param { lr_mult: 0 }") + LOSS)
    weights = 4 * 3 + 4
    data = 4 * (2 * 3 + 2 * 4 + 2 * 4 + 1)
    gradients = 4 * (2 * 4 + 1) + 4 * weights
    assert footer(net) == [
        "parameters: 16, 4 of them learnable, 12 frozen (lr_mult 0)",
        f"memory for data: {data} bytes as Caffe counts it (every top), {data} with each blob once",
        (
            f"memory for training: {gradients} bytes of gradients, "
            f"{4 * weights} of solver history (AdaDelta, Adam: twice that)"
        ),
        "outputs: loss",
    ]


def test_footer_of_statistics_and_of_the_test_phase() -> None:
    net = nets.net(DATA + layer("BatchNorm", "bn", "data", "data"), "TEST")
    assert footer(net) == [
        "parameters: 7, 0 of them learnable, 7 statistics of BatchNorm",
        "memory for data: 3,888 bytes as Caffe counts it (every top), 1,944 with each blob once",
        "outputs: data",
    ]


def test_footer_of_what_is_not_known() -> None:
    net = nets.net(layer("Unheard", "a", "", "a\\n"))
    assert footer(net)[0] == "parameters: ?, ? of them learnable"
    assert footer(net)[-1] == "outputs: a\\n"
    assert footer(nets.net(""))[-1] == "outputs: none"
    assert footer(nets.net(nets.given("b", 1) + nets.given("a", 1)))[-1] == "outputs: a, b"


@given(strategies.nets())
def test_columns_sum_to_the_totals(text: str) -> None:
    net = nets.net(text)
    found = table(net)
    totals = {column.title: column.total for column in columns(net)}
    for title in ("parameters", "MACs"):
        numbers = [each[title] for each in found if each[title] not in {"", "shared"}]
        assert sum(map(int, numbers)) == totals[title]
    assert len(found) == sum(max(1, len(each.node.tops)) for each in net.layers)


@given(strategies.nets())
def test_every_form_says_the_same(text: str) -> None:
    """What markdown and the text show is what the JSON holds."""
    net = nets.net(text)
    data = net.to_dict()
    shapes = [
        " x ".join(map(str, top["shape"])) or "scalar"
        for each in data["layers"]
        for top in each["tops"]
    ]
    assert [each["shape"] for each in table(net)] == shapes
    lines = markdown_table(columns(net), list(rows(net)))[2:-1]
    marked = [re.split(r"(?<!\\) ?\| ?", line)[1:-1] for line in lines]
    assert [cells[-5] for cells in marked] == shapes
    macs = [each["macs"] for each in data["layers"] if each["macs"]]
    assert [int(cells[-2].replace(",", "")) for cells in marked if cells[-2]] == macs
    assert all(line.isprintable() for line in text_table(columns(net), list(rows(net))))
