"""Boxes and links: what is folded into one box, what links to what, and families."""

from __future__ import annotations

import pytest

from caffetools.drawing.diagram import Box, Link, diagram, family, windows
from tests.drawing.cases import LABELLED, conv, relu, residual
from tests.nets import given, layer, net


def test_layers_in_place_are_in_the_box_of_their_blob() -> None:
    drawing = diagram(net(given("data", 1, 4, 8, 8) + conv("c", "data") + relu("c")))
    assert drawing.boxes == (Box((0,)), Box((1, 2)))
    assert drawing.links == (
        Link(0, "data", (1, 4, 8, 8), (1,), False),
        Link(1, "c", (1, 4, 8, 8), (), True),
    )


def test_a_layer_in_place_of_two_bottoms_is_a_box_of_its_own() -> None:
    text = given("a", 1, 2) + given("b", 1, 2) + layer("Eltwise", "sum", "a b", "a")
    drawing = diagram(net(text))
    assert len(drawing.boxes) == 3
    assert drawing.links[0].readers == drawing.links[1].readers == (2,)
    assert drawing.links[2] == Link(2, "a", (1, 2), (), True)


def test_splits_are_no_boxes() -> None:
    drawing = diagram(net(LABELLED))
    assert len(drawing.boxes) == 5
    assert [link.readers for link in drawing.links] == [(1,), (3, 4), (2,), (3, 4), (), ()]
    assert [link.name for link in drawing.links[:2]] == ["data", "label"]


def test_a_bottom_named_twice_is_one_reader() -> None:
    drawing = diagram(net(given("a", 1, 2) + layer("Eltwise", "sum", "a a", "s")))
    assert drawing.links[0].readers == (1,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (given("data", 1, 4, 8, 8), "data"),
        (conv("c", "data"), "convolution"),
        (
            layer("InnerProduct", "f", "data", "f", "inner_product_param { num_output: 2 }"),
            "connected",
        ),
        (layer("Pooling", "p", "data", "p", "pooling_param { kernel_size: 2 }"), "pooling"),
        (relu("data"), "pointwise"),
        (layer("BatchNorm", "b", "data", "b"), "normalization"),
        (layer("LRN", "n", "data", "n"), "normalization"),
        (layer("Softmax", "s", "data", "s"), "softmax"),
        (layer("Sigmoid", "s", "data", "s"), "pointwise"),
        (layer("Flatten", "f", "data", "f"), "reshaping"),
        (layer("Crop", "c", "data data2", "c"), "reshaping"),
        (layer("PriorBox", "p", "data data2", "p", "prior_box_param { min_size: 4 }"), "boxes"),
        (layer("Scale", "s", "data", "s"), "pointwise"),
        (layer("Slice", "s", "data", "s t"), "joining"),
        (layer("Eltwise", "s", "data data2", "s"), "joining"),
        (layer("EuclideanLoss", "l", "data data2", "l"), "loss"),
        (layer("NoSuchType", "n", "data", "n"), "unknown"),
    ],
)
def test_family(text: str, expected: str) -> None:
    whole = given("data", 1, 4, 8, 8) + given("data2", 1, 4, 8, 8)
    made = net(text if expected == "data" else whole + text)
    assert family(made.layers[-1]) == expected


def test_the_family_does_not_need_shapes() -> None:
    text = layer("NoSuchType", "n", "", "n") + relu("n") + conv("c", "n")
    text += layer("Pooling", "p", "c", "p", "pooling_param { global_pooling: true }")
    text += layer("InnerProduct", "i", "p", "i", "inner_product_param { num_output: 2 }")
    text += layer("Eltwise", "e", "i p", "e") + layer("Softmax", "s", "e", "s")
    found = [family(each) for each in net(text).layers]
    kinds = ["unknown", "pointwise", "convolution", "pooling", "connected", "joining", "softmax"]
    assert found == kinds


def test_options_that_need_shapes_to_be_valid() -> None:
    text = layer("NoSuchType", "n", "", "n")
    text += conv("c", "n", "convolution_param { num_output: 2 kernel_size: [3, 3, 3] }")
    made = net(text)
    assert windows(made.layers[0]) == windows(made.layers[1]) == []


def test_links_lead_on() -> None:
    drawing = diagram(net(residual(4)))
    assert all(link.source < reader for link in drawing.links for reader in link.readers)
