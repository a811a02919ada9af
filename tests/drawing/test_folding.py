"""Repeated blocks: which are found, and which are not."""

from __future__ import annotations

import pytest

from caffetools.drawing.diagram import Diagram, diagram
from caffetools.drawing.folding import (
    OutlineLink,
    Repeat,
    block_outline,
    exit_link,
    exit_links,
    in_last_block,
    namespaces,
    outline,
    repeats,
)
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


FOLD = Repeat(2, 3, 4)


def drawing() -> Diagram:
    return diagram(net(residual(4)))


def test_without_folds_all_boxes_are_vertices() -> None:
    shown = outline(drawing(), [])
    assert shown.vertices == tuple(range(2 + 3 * 4 + 1))
    assert shown.links[1] == OutlineLink(1, 1, (2, 4), (1,))


def test_a_fold_is_one_vertex() -> None:
    shown = outline(drawing(), [FOLD])
    assert shown.vertices == (0, 1, FOLD, 14)
    assert shown.links == (
        OutlineLink(0, 0, (1,), (0,)),
        OutlineLink(1, 1, (2,), (1,)),
        OutlineLink(13, 2, (3,), (13,)),
        OutlineLink(14, 3, (), (14,)),
    )


def test_inside() -> None:
    shown = block_outline(drawing(), FOLD)
    assert shown.vertices == (-1, 2, 3, 4, -1)
    # What enters is read by the convolution and by the sum; what the sum makes leaves.
    assert shown.links == (
        OutlineLink(1, 0, (1, 3), ()),
        OutlineLink(2, 1, (2,), (2, 11)),
        OutlineLink(3, 2, (3,), (3, 12)),
        OutlineLink(4, 3, (4,), ()),
    )


def test_the_link_that_leaves() -> None:
    assert exit_link(drawing(), FOLD) == 4
    assert in_last_block(drawing(), FOLD, 4) == 13


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


def test_heads_are_one_vertex_below_all_that_they_read() -> None:
    drawn = diagram(net(detector(3)))
    shown = outline(drawn, [HEADS])
    assert shown.vertices == (0, 1, 2, 3, HEADS, 16, 17)
    assert [link.readers for link in shown.links[:4]] == [(1, 4), (2, 4), (3, 4), (4,)]
    # flat and prior of the first head, with the shapes of the last one
    assert exit_links(drawn, HEADS) == {6: (6, 14), 7: (7, 15)}
    assert [(link.source, link.readers) for link in shown.links[4:6]] == [(4, (5,)), (4, (6,))]


def test_inside_a_head() -> None:
    shown = block_outline(diagram(net(detector(3))), HEADS)
    assert shown.vertices == (-1, 4, 5, 6, 7)
    assert shown.links == (
        OutlineLink(1, 0, (1, 4), ()),  # c0; data, which all heads read, is left out
        OutlineLink(4, 1, (2,), (4, 12)),
        OutlineLink(5, 2, (3,), (5, 13)),
        OutlineLink(6, 3, (), ()),
        OutlineLink(7, 4, (), ()),
    )


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
