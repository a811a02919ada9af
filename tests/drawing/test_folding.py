"""Repeated blocks: which are found, and which are not."""

from __future__ import annotations

import pytest

from caffetools.drawing.diagram import diagram
from caffetools.drawing.folding import Repeat, namespaces, repeats
from caffetools.drawing.outlines import outline
from tests.drawing.cases import POOL, conv, detector, relu, residual
from tests.nets import given, layer, net


def found(text: str) -> list[Repeat]:
    made = net(text)
    return repeats(made, diagram(made))


def test_equal_residual_blocks() -> None:
    # Boxes: data, c, then a, b and s of each block; s takes the blob that a takes too.
    assert found(residual(22)) == [Repeat(2, 3, 22)]
    assert Repeat(2, 3, 22).end == 2 + 3 * 22


@pytest.mark.parametrize("blocks", [1, 2])
def test_few_blocks_stay(blocks: int) -> None:
    assert found(residual(blocks)) == []


def test_a_block_of_other_options_ends_the_run() -> None:
    text = residual(8).replace('name: "b4"', 'name: "b4" propagate_down: true')
    assert found(text) == [Repeat(2, 3, 4), Repeat(2 + 3 * 5, 3, 3)]


def test_other_extents_are_other_blocks() -> None:
    text = given("data", 1, 4, 64, 64)
    last = "data"
    for i in range(8):
        text += layer("Pooling", f"p{i}", last, f"p{i}", POOL.replace("stride: 2", "stride: 1"))
        last = f"p{i}"
    assert found(text) == []  # 63, 62, 61, ...


def test_channels_may_grow() -> None:
    text = given("data", 1, 4, 8, 8)
    last = "data"
    for i in range(6):  # as in a DenseNet
        text += conv(f"c{i}", last) + layer("Concat", f"d{i}", f"{last} c{i}", f"d{i}")
        last = f"d{i}"
    assert found(text + layer("Softmax", "prob", last, "prob")) == [Repeat(1, 2, 6)]


def test_a_block_that_is_read_from_elsewhere_ends_the_run() -> None:
    text = residual(8) + layer("Pooling", "side", "s4", "side", POOL)
    assert found(text) == [Repeat(2, 3, 5), Repeat(2 + 3 * 5, 3, 3)]


def test_wires_that_pass_do_not_matter() -> None:
    text = given("label", 1, 4, 8, 8) + residual(5) + layer("Eltwise", "e", "label prob", "e")
    assert found(text) == [Repeat(3, 3, 5)]


def test_layers_in_place_count() -> None:
    text = residual(6).replace(relu("a3"), "")
    assert found(text) == [Repeat(2, 3, 3)]


def test_parameters_by_name_do_not_keep_blocks_apart() -> None:
    text = residual(5)
    for i in range(5):
        text = text.replace(f'name: "b{i}"', f'name: "b{i}" param {{ name: "w{i}" }}')
    assert found(text) == [Repeat(2, 3, 5)]


def test_shared_parameters_do() -> None:
    text = residual(5).replace('name: "b1"', 'name: "b1" param { name: "w" }')
    text = text.replace('name: "b2"', 'name: "b2" param { name: "w" }')
    assert found(text) == []


# Boxes: data, c0 to c2, then loc, p, flat and prior of each head, then two Concats.
HEADS = Repeat(4, 4, 3, heads=(4, 8, 12))


def test_heads_that_are_read_together() -> None:
    assert found(detector(3)) == [HEADS]
    assert HEADS.blocks == [range(4, 8), range(8, 12), range(12, 16)]


def test_two_heads_stay() -> None:
    assert found(detector(2)) == []


def test_heads_of_other_types_stay() -> None:
    text = detector(4).replace('name: "p3" type: "Permute"', 'name: "p3" type: "Flatten"')
    assert [repeat.times for repeat in found(text)] == [3]


def test_heads_that_are_not_read_together_stay() -> None:
    ends = 'bottom: "flat1" ', 'bottom: "prior1" '
    text = detector(3).replace(ends[0], "").replace(ends[1], "")
    text += layer("Concat", "other", "flat1 flat1", "other")
    text += layer("Concat", "others", "prior1 prior1", "others")
    assert found(text) == []


def test_namespaces() -> None:
    text = given("data", 1, 4, 8, 8) + conv("a/x", "data") + conv("a/y/1", "a/x")
    text += conv("a/y/2", "a/y/1") + conv("b/x", "a/y/2") + conv("a/z", "b/x")
    made = net(text)
    drawn = diagram(made)
    assert namespaces(made, drawn) == [Repeat(1, 3, 1)]  # b has one layer, and so has the second a
    shown = outline(drawn, [Repeat(1, 3, 1)])
    assert shown.vertices == (0, Repeat(1, 3, 1), 4, 5)
    assert [(link.link, link.source, link.readers) for link in shown.links] == [
        (0, 0, (1,)),
        (3, 1, (2,)),
        (4, 2, (3,)),
        (5, 3, ()),
    ]
