"""Pictures of whole nets: nothing overlaps, blocks are folded, the same each time."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given as drawn_from

from caffetools.drawing.diagram import diagram
from caffetools.drawing.folding import Repeat
from caffetools.drawing.graph_drawing import draw_graph
from caffetools.drawing.graph_page import graph_scene
from caffetools.drawing.scene import Scene, SceneGroup, SceneItem, Text, flat
from caffetools.errors import CaffeToolsError
from caffetools.net.loading import load
from tests.drawing.cases import LABELLED, boxes_of, check_scene, conv, detector, residual
from tests.nets import given, inner_product, layer, net
from tests.strategies import nets


def groups_of(items: tuple[SceneItem, ...]) -> list[SceneGroup]:
    found = []
    for item in items:
        if isinstance(item, SceneGroup):
            found += [item, *groups_of(item.items)]
    return found


def words(scene: Scene) -> list[str]:
    return [item.text for item, _, _ in flat(scene.items) if isinstance(item, Text)]


@drawn_from(nets())
def test_any_net_is_drawn(text: str) -> None:
    made = net(text)
    for fold in (True, False):
        check_scene(graph_scene(made, fold))


def test_a_repeated_block_is_drawn_once() -> None:
    made = net(residual(22))
    drawn = draw_graph(made)
    assert drawn.repeats == (Repeat(2, 3, 22),)
    scene = graph_scene(made)
    check_scene(scene)
    assert len(boxes_of(scene, "box")) == 2 + 3 + 1
    assert "22 ×  a0 … s21" in words(scene)
    # a and b: 4 * 4 * 3 * 3 + 4 parameters and 8 * 8 * 4 * 4 * 3 * 3 multiply-accumulates each
    assert "in all 6.51 k parameters, 406 k multiply-accumulates" in words(scene)


def test_a_folded_block_names_all_its_layers() -> None:
    made = net(residual(5))
    frame = next(
        group for group in groups_of(draw_graph(made).items) if ("count", "5") in group.data
    )
    assert dict(frame.data)["layers"].split() == [str(index) for index in range(2, 2 + 4 * 5)]


def test_heads_are_drawn_once() -> None:
    made = net(detector(4))
    scene = graph_scene(made)
    check_scene(scene)
    assert len(boxes_of(scene, "box")) == 1 + 4 + 4 + 2
    found = words(scene)
    assert "4 ×  loc0 … prior3" in found
    assert "4 × 1×1×4" in found
    assert "… 16 × 1×1×4" in found  # of the last head
    assert "1 × 4…16 × 8 × 8" in found
    assert "min 1" in found
    assert "… min 4" in found
    frame = next(group for group in groups_of(scene.items) if ("count", "4") in group.data)
    assert dict(frame.data)["layers"] == " ".join(map(str, range(5, 5 + 4 * 4)))


def test_namespaces_are_boxes() -> None:
    text = given("data", 1, 4, 8, 8) + conv("a/x", "data") + conv("a/y", "a/x")
    made = net(text + conv("a/z", "a/y") + conv("b", "a/z"))
    scene = graph_scene(made, spaces=True)
    check_scene(scene)
    # 3 * (4 * 4 * 3 * 3 + 4) and 3 * 8 * 8 * 4 * 4 * 3 * 3
    lines = ["a/", "3 layers", "444 parameters, 27.6 k multiply-accumulates"]
    assert [text for text in words(scene) if text in lines] == lines
    (group,) = (each for each in groups_of(scene.items) if ("namespace", "a") in each.data)
    assert ("layers", "1 2 3") in group.data


def test_unfolded_all_is_drawn() -> None:
    made = net(residual(22))
    scene = graph_scene(made, fold=False)
    check_scene(scene)
    assert len(boxes_of(scene, "box")) == len(diagram(made).boxes)


def test_the_label_of_a_net_passes_next_to_it() -> None:
    assert draw_graph(net(LABELLED)).layout.crossings == 0


def test_the_same_each_time() -> None:
    assert graph_scene(net(residual(9))) == graph_scene(net(residual(9)))


NETS = 25


def test_nets_of_the_corpus(shared: Path) -> None:
    paths = sorted((shared / "corpus" / "nets").glob("*/*"))
    drawn = 0
    for path in random.Random(6).sample(paths, NETS):
        try:
            made = load(path, data_shape=(3, 224, 224))
        except CaffeToolsError:
            continue
        check_scene(graph_scene(made))
        drawn += 1
    assert drawn > NETS // 2


@pytest.mark.parametrize(("layers", "is_named"), [(11, False), (12, True)])
def test_names_connect_what_is_far_apart(layers: int, is_named: bool) -> None:
    """The loss is `layers` + 1 rows below the label, a line passes up to 12."""
    text = layer("Input", "data", "", "image label", "input_param { shape { dim: 2 dim: 3 } }")
    last = "image"
    for number in range(layers):
        text += inner_product(f"f{number}", last, 3)
        last = f"f{number}"
    made = net(text + layer("EuclideanLoss", "loss", f"{last} label", "loss"))
    scene = graph_scene(made, fold=False, columns=1)
    check_scene(scene)
    assert ("→ loss" in words(scene)) == ("label →" in words(scene)) == is_named


def test_only_the_main_line_leads_to_the_next_column() -> None:
    text = given("data", 1, 4, 8, 8) + conv("a", "data") + conv("side", "data")
    last = "a"
    for number in range(9):
        text += conv(f"c{number}", last)
        last = f"c{number}"
    made = net(text + layer("Eltwise", "sum", f"side {last}", "sum"))
    scene = graph_scene(made, fold=False, columns=2)
    check_scene(scene)
    assert {"→ sum", "side →"} <= set(words(scene))


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_columns(columns: int) -> None:
    made = net(residual(12))
    scene = graph_scene(made, fold=False, columns=columns)
    check_scene(scene)
    lefts = {round(left) for left, *_ in boxes_of(scene, "box")}
    assert len(lefts) >= columns
