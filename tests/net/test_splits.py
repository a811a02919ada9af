"""Where Split layers go in, by what names, and what becomes of loss weights on the way."""

from __future__ import annotations

import pytest
from hypothesis import given

from caffetools.errors import GraphError
from caffetools.net.splits import WiredLayer, insert_splits, wired
from tests import nets, strategies
from tests.nets import layer


def test_a_layer_as_its_prototxt_wires_it() -> None:
    (message,) = nets.message(layer("Data", "d", "a b", "c", "loss_weight: 2")).messages("layer")
    assert wired(message) == WiredLayer(
        message, "d", "Data", ["a", "b"], ["c"], [2.0], inserted=False
    )


def split(text: str) -> list[WiredLayer]:
    return insert_splits([wired(message) for message in nets.message(text).messages("layer")])


def told(layers: list[WiredLayer]) -> list[str]:
    """Each layer as `name: bottoms -> tops`, with its loss weights where it has some."""
    return [
        f"{each.name}: {' '.join(each.bottoms)} -> {' '.join(each.tops)}"
        + "".join(f" {weight:g}" for weight in each.loss_weights)
        for each in layers
    ]


DATA = layer("Data", "data", "", "data label")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        pytest.param(
            DATA + layer("InnerProduct", "ip", "data", "ip") + layer("Loss", "loss", "ip label"),
            ["data:  -> data label", "ip: data -> ip", "loss: ip label -> "],
            id="every blob is read once",
        ),
        pytest.param(
            DATA
            + layer("ReLU", "relu", "data", "data")
            + layer("Dropout", "drop", "data", "data")
            + layer("Loss", "loss", "data label"),
            [
                "data:  -> data label",
                "relu: data -> data",
                "drop: data -> data",
                "loss: data label -> ",
            ],
            id="in place, one reader of each version",
        ),
        pytest.param(
            DATA
            + layer("InnerProduct", "a", "data", "a")
            + layer("InnerProduct", "b", "data", "b")
            + layer("InnerProduct", "c", "data", "c"),
            [
                "data:  -> data label",
                (
                    "data_data_0_split: data -> "
                    "data_data_0_split_0 data_data_0_split_1 data_data_0_split_2"
                ),
                "a: data_data_0_split_0 -> a",
                "b: data_data_0_split_1 -> b",
                "c: data_data_0_split_2 -> c",
            ],
            id="three readers",
        ),
        pytest.param(
            DATA + layer("Loss", "p", "data label") + layer("Loss", "q", "data label"),
            [
                "data:  -> data label",
                "data_data_0_split: data -> data_data_0_split_0 data_data_0_split_1",
                "label_data_1_split: label -> label_data_1_split_0 label_data_1_split_1",
                "p: data_data_0_split_0 label_data_1_split_0 -> ",
                "q: data_data_0_split_1 label_data_1_split_1 -> ",
            ],
            id="both tops of one layer",
        ),
        pytest.param(
            DATA + layer("Eltwise", "sum", "data data", "sum"),
            [
                "data:  -> data label",
                "data_data_0_split: data -> data_data_0_split_0 data_data_0_split_1",
                "sum: data_data_0_split_0 data_data_0_split_1 -> sum",
            ],
            id="one layer reads a blob twice",
        ),
        pytest.param(
            DATA
            + layer("ReLU", "relu", "data", "data")
            + layer("InnerProduct", "a", "data", "a")
            + layer("InnerProduct", "b", "data", "b"),
            [
                "data:  -> data label",
                "relu: data -> data",
                "data_relu_0_split: data -> data_relu_0_split_0 data_relu_0_split_1",
                "a: data_relu_0_split_0 -> a",
                "b: data_relu_0_split_1 -> b",
            ],
            id="the version in place is the one that is read twice",
        ),
        pytest.param(
            # What was in place reads a copy now, and writes to the blob's own name. Caffe's net
            # then finds that name taken.
            DATA + layer("InnerProduct", "a", "data", "a") + layer("ReLU", "relu", "data", "data"),
            [
                "data:  -> data label",
                "data_data_0_split: data -> data_data_0_split_0 data_data_0_split_1",
                "a: data_data_0_split_0 -> a",
                "relu: data_data_0_split_1 -> data",
            ],
            id="a reader beside the layer in place",
        ),
        pytest.param(
            DATA
            + layer("Loss", "loss", "data label", "loss", "loss_weight: 3")
            + layer("Power", "more", "loss", "more"),
            [
                "data:  -> data label",
                "loss: data label -> loss",
                "loss_loss_0_split: loss -> loss_loss_0_split_0 loss_loss_0_split_1 3 0",
                "more: loss_loss_0_split_1 -> more",
            ],
            id="a loss that is read counts once more, and its first copy is the loss",
        ),
        pytest.param(
            DATA + layer("Loss", "loss", "data label", "loss", "loss_weight: 3"),
            ["data:  -> data label", "loss: data label -> loss 3"],
            id="a loss that nobody reads",
        ),
        pytest.param(
            DATA
            + layer("Loss", "loss", "data label", "loss", "loss_weight: 0")
            + layer("Power", "more", "loss", "more"),
            ["data:  -> data label", "loss: data label -> loss 0", "more: loss -> more"],
            id="a loss_weight of 0 reads nothing",
        ),
        pytest.param(
            # All weights of the layer go, those of the tops that nobody copies too.
            layer("Data", "d", "", "a b c", "loss_weight: 1 loss_weight: 2 loss_weight: 3")
            + layer("Power", "p", "b", "p"),
            [
                "d:  -> a b c",
                "b_d_1_split: b -> b_d_1_split_0 b_d_1_split_1 2 0",
                "p: b_d_1_split_1 -> p",
            ],
            id="the weights of the other tops are lost",
        ),
        pytest.param(
            layer("Data", "d", "", "a", "loss_weight: 1 loss_weight: 2")
            + layer("Power", "p", "a", "p"),
            [
                "d:  -> a",
                "a_d_0_split: a -> a_d_0_split_0 a_d_0_split_1 1 0",
                "p: a_d_0_split_1 -> p",
            ],
            id="more weights than tops",
        ),
        pytest.param(
            layer("Data", "d", "", "a") + layer("Data", "d", "a", "b") + layer("Data", "d", "b b"),
            [
                "d:  -> a",
                "d: a -> b",
                "b_d_0_split: b -> b_d_0_split_0 b_d_0_split_1",
                "d: b_d_0_split_0 b_d_0_split_1 -> ",
            ],
            id="layers of one name",
        ),
    ],
)
def test_insert_splits(text: str, expected: list[str]) -> None:
    layers = split(text)
    assert told(layers) == expected
    assert [each.type == "Split" for each in layers] == [each.inserted for each in layers]


def test_an_unknown_bottom_is_refused() -> None:
    with pytest.raises(GraphError) as caught:
        split(DATA + layer("Eltwise", "sum", "data late") + layer("Data", "d", "", "late"))
    assert caught.value.location == ("net.prototxt", 2, 52)
    assert (
        "unknown bottom 'late' of layer 'sum': it is no top of an earlier layer"
        in caught.value.message
    )


def test_a_split_has_no_option_of_the_layer_above() -> None:
    """Its own message is empty, and stands at the top that it copies."""
    text = layer("Data", "d", "", "a b", "param { lr_mult: 0 } propagate_down: false phase: TEST")
    split_layer = split(text + layer("Eltwise", "sum", "b b"))[1]
    assert split_layer.message.fields == {}
    assert split_layer.message.location() == ("net.prototxt", 1, 41)


@given(strategies.nets())
def test_every_blob_is_read_at_most_once(text: str) -> None:
    layers = split(text)
    made: dict[str, int] = {}
    for each in layers:
        for bottom in each.bottoms:
            made[bottom] -= 1  # KeyError: read before it is made
            assert made[bottom] == 0, "read twice"
        for top in each.tops:
            made[top] = 1


@given(strategies.nets())
def test_splits_are_inserted_once(text: str) -> None:
    layers = split(text)
    assert told(insert_splits(layers)) == told(layers)


@given(strategies.nets())
def test_the_other_layers_stay_as_they_are(text: str) -> None:
    own = [wired(message) for message in nets.message(text).messages("layer")]
    kept = [each for each in insert_splits(own) if not each.inserted]
    assert [(each.message, each.name, each.type, each.tops) for each in kept] == [
        (each.message, each.name, each.type, each.tops) for each in own
    ]


def test_a_thousand_readers_have_a_copy_each() -> None:
    text = DATA + "".join(layer("ReLU", f"r{i}", "data", f"r{i}") for i in range(1000))
    layers = split(text)
    assert len(layers[1].tops) == 1000
    assert layers[-1].bottoms == ["data_data_0_split_999"]
