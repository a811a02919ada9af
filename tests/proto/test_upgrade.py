"""Nets of any age in today's form: which steps are taken, inputs, BatchNorm, mixed ages."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from caffetools.errors import CaffeToolsError, GraphError
from caffetools.proto import prototxt
from caffetools.proto.message import Message
from caffetools.proto.source import BinarySource, decode
from caffetools.proto.upgrade import upgrade
from tests import nets, strategies
from tests.trees import corpus, plain

ONE_FORM = "expected layers of one form: found "
TODAY = "name: 'n' layer { name: 'a' type: 'ReLU' bottom: 'b' top: 'b' }"


def upgraded(text: str) -> Message:
    """The net in today's form, of which nothing is noted."""
    net, notes = upgrade(nets.message(text))
    assert notes == ()
    return net


def test_a_net_of_today_stays_as_it_is() -> None:
    net = nets.message(TODAY)
    assert upgrade(net) == (net, ())


@given(strategies.nets())
def test_any_net_of_today_stays_as_it_is(text: str) -> None:
    net = nets.message(text)
    assert upgrade(net) == (net, ())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            ("layers { layer { name: 'p' type: 'padding' pad: 1 } bottom: 'x' top: 'p' }"
            "layers { layer { name: 'c' type: 'conv' kernelsize: 3 blobs_lr: 1 }"
            " bottom: 'p' top: 'c' }"
            "input: 'x' input_dim: 1 input_dim: 2 input_dim: 3 input_dim: 4"),
            ("layer { name: 'input' type: 'Input' top: 'x'"
            " input_param { shape { dim: 1 dim: 2 dim: 3 dim: 4 } } }"
            "layer { name: 'c' type: 'Convolution' bottom: 'x' top: 'c' param { lr_mult: 1 }"
            " convolution_param { kernel_size: 3 pad: 1 } }"),
        ),
        (
            ("layers { name: 'd' type: DATA top: 'x' data_param { scale: 2 } }"
            "layers { name: 'r' type: RELU bottom: 'x' top: 'x' }"),
            ("layer { name: 'd' type: 'Data' top: 'x' data_param {} transform_param { scale: 2 } }"
            "layer { name: 'r' type: 'ReLU' bottom: 'x' top: 'x' }"),
        ),
        (
            ("layer { name: 'b' type: 'BatchNorm'"
            " param { lr_mult: 1 } param { lr_mult: 2 name: 'v' } param {} }"),
            ("layer { name: 'b' type: 'BatchNorm' param { lr_mult: 0 decay_mult: 0 }"
            " param { lr_mult: 0 decay_mult: 0 name: 'v' } param { lr_mult: 0 decay_mult: 0 } }"),
        ),
        # Only three params, and only BatchNorm's.
        (
            ("layer { type: 'BatchNorm' param { lr_mult: 1 } param {} }"
            "layer { type: 'BN' param { lr_mult: 1 } param {} param {} }"),
            ("layer { type: 'BatchNorm' param { lr_mult: 1 } param {} }"
            "layer { type: 'BN' param { lr_mult: 1 } param {} param {} }"),
        ),
    ],
)  # fmt: skip
def test_ages(old: str, new: str) -> None:
    assert plain(upgraded(old)) == plain(nets.message(new))


@pytest.mark.parametrize(
    ("inputs", "shapes"),
    [
        ("input: 'x' input_shape { dim: 2 dim: 3 }", [[2, 3]]),
        ("input: 'x' input: 'y' input_shape {} input_shape { dim: -1 }", [[], [-1]]),
        ("input: 'x' input_dim: [1, 2, 3, 4]", [[1, 2, 3, 4]]),
        (
            "input: 'x' input_dim: [1, 2, 3, 4] input: 'y' input_dim: [5, 6, 7, 8]",
            [[1, 2, 3, 4], [5, 6, 7, 8]],
        ),
    ],
)
def test_inputs(inputs: str, shapes: list[list[int]]) -> None:
    net = upgraded(f"layer {{ name: 'a' }} {inputs}")
    first, second = net.messages("layer")
    assert (first.text("name"), first.text("type")) == ("input", "Input")
    assert first.texts("top") == ["x", "y"][: len(shapes)]
    given = first.message("input_param").messages("shape")
    assert [shape.integers("dim") for shape in given] == shapes
    assert second.text("name") == "a"
    assert not set(net.fields) & {"input", "input_dim", "input_shape"}


def test_an_input_alone_makes_a_layer() -> None:
    assert upgraded("input: 'x' input_shape {}").count("layer") == 1


@pytest.mark.parametrize(
    ("text", "note", "layers"),
    [
        ("input: 'x'", "Caffe drops an input that has neither input_shape nor input_dim", 0),
        (
            "input: 'x' input_shape {} input_dim: 1",
            "Caffe does not read input_dim if input_shape is given",
            1,
        ),
        (
            "input: 'x' input_dim: [1, 2, 3, 4, 5]",
            "expected 4 input_dim for each of 1 inputs, found 5: Caffe drops the rest",
            1,
        ),
        (
            "input: 'x' input_shape {} input_shape {}",
            "expected an input_shape for each of 1 inputs, found 2: Caffe drops the rest",
            1,
        ),
    ],
)
def test_odd_inputs(text: str, note: str, layers: int) -> None:
    net, notes = upgrade(nets.message(text))
    assert [told.message for told in notes] == [note]
    assert net.count("layer") == layers


def test_places() -> None:
    net = upgraded(
        "layer {}\ninput: 'x'\ninput: 'y'\ninput_dim: [1, 2, 3, 4]\ninput_dim: [5,6,7,8]"
    )
    layer = net.messages("layer")[0]
    shape = layer.message("input_param").messages("shape")[1]
    assert layer.location() == layer.location("type") == ("net.prototxt", 2, 1)
    assert layer.location("top") == ("net.prototxt", 3, 1)
    assert layer.location("input_param") == ("net.prototxt", 4, 1)
    assert shape.location() == shape.location("dim") == ("net.prototxt", 5, 1)
    net = upgraded("layer { type: 'BatchNorm'\n param { lr_mult: 1 }\n param {} param {} }")
    first, second, _ = net.messages("layer")[0].messages("param")
    assert first.location("lr_mult") == ("net.prototxt", 2, 10)
    assert second.location("lr_mult") == ("net.prototxt", 3, 2)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        (
            "layer {}\nlayers {}",
            2, 1, ONE_FORM + "'layers' here, and 'layer' of today's form in line 1",
        ),
        (
            "layers { layer {} }\nlayer {}",
            1, 1, ONE_FORM + "'layers' here, and 'layer' of today's form in line 2",
        ),
        (
            "layers { layer {} }\nlayers {}",
            2, 1, ONE_FORM + "'layers' of V1 here, and of V0 in line 1",
        ),
        (
            "layers {}\nlayers { layer {} }",
            2, 1, ONE_FORM + "'layers' of V0 here, and of V1 in line 1",
        ),
        ("input: 'x'\ninput_dim: 1", 2, 1, "expected 4 input_dim for each of 1 inputs, found 1"),
        (
            "input: 'x' input: 'y'\ninput_dim: [1, 2, 3, 4]\ninput_dim: 5",
            3, 1, "expected 4 input_dim for each of 2 inputs, found 5",
        ),
        (
            "input: 'x' input: 'y'\ninput_shape {}",
            2, 1, "expected an input_shape for each of 2 inputs, found 1",
        ),
    ],
)  # fmt: skip
def test_refusals(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(CaffeToolsError) as caught:
        upgrade(nets.message(text))
    assert isinstance(caught.value, GraphError)
    assert (caught.value.message, caught.value.location) == (
        message,
        ("net.prototxt", line, column),
    )


def test_a_binary_has_no_lines_to_name() -> None:
    net = nets.message("layer {} layers {}")
    for message in (net, *net.messages("layer"), *net.messages("layers")):
        message.source = BinarySource("net.caffemodel")
    with pytest.raises(GraphError) as caught:
        upgrade(net)
    assert str(caught.value) == (
        "net.caffemodel: expected layers of one form:"
        " found 'layers' here, and 'layer' of today's form"
    )


def test_the_net_given_stays_as_it_is() -> None:
    net = nets.message(
        "input: 'x' input_dim: [1, 2, 3, 4] layer { type: 'BatchNorm' param {} param {} param {} }"
    )
    before = plain(net)
    upgrade(net)
    assert plain(net) == before


def test_real_nets(shared: Path) -> None:
    for path in corpus(shared, "nets", step=20):
        try:
            old = prototxt.parse(decode(str(path), path.read_bytes()))
            net, _ = upgrade(old)
        except CaffeToolsError:
            continue
        assert not set(net.fields) & {"layers", "input"}
        assert plain(upgrade(net)[0]) == plain(net)
