"""Stages: where they begin and end."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given as drawn_from

from caffetools.drawing.font_metrics import text_width
from caffetools.drawing.scene import Scene, Text, flat
from caffetools.drawing.stages import all_stages_scene, stage_scene, stages
from caffetools.drawing.style import STYLES
from caffetools.net.loading import load
from tests.drawing.cases import conv, overlaps, relu, residual
from tests.nets import given, layer, net
from tests.strategies import nets

EXAMPLES = Path(__file__).parents[2] / "examples"


def names(text: str) -> list[list[str]]:
    return [[layer.node.key for layer in stage.layers] for stage in stages(net(text))]


def test_alexnet_has_the_stages_of_the_article() -> None:
    found = stages(load(EXAMPLES / "alexnet" / "deploy.prototxt"))
    assert [[layer.node.key for layer in stage.layers] for stage in found] == [
        ["conv1", "relu1", "norm1", "pool1"],
        ["conv2", "relu2", "norm2", "pool2"],
        ["conv3", "relu3"],
        ["conv4", "relu4"],
        ["conv5", "relu5", "pool5"],
        ["fc6", "relu6", "drop6"],
        ["fc7", "relu7", "drop7"],
        ["fc8", "prob"],
    ]
    assert [stage.number for stage in found] == list(range(1, 9))
    assert found[1].name == "conv2"


def test_a_blob_that_branches_ends_a_stage() -> None:
    assert names(residual(1)) == [["c"], ["a0", "relu_a0"], ["b0"]]


def test_batch_normalisation_and_scale_follow() -> None:
    text = given("data", 1, 4, 8, 8) + conv("c", "data") + layer("BatchNorm", "bn", "c", "bn")
    text += layer("Scale", "s", "bn", "s") + relu("s")
    assert names(text) == [["c", "bn", "s", "relu_s"]]


def test_equal_stages_are_drawn_once() -> None:
    made = net(residual(5))
    found = [(stage.number, stage.name, stage.times, stage.last) for stage in stages(made, True)]
    assert found == [(1, "c", 1, ""), (2, "a0", 5, "a4"), (3, "b0", 5, "b4")]
    assert len(stages(made)) == 1 + 2 * 5
    assert "2. a0 … a4: 5 equal stages" in texts(all_stages_scene(made))
    check_texts(all_stages_scene(made))
    assert "2. a0" in texts(all_stages_scene(made, fold=False))


def test_a_net_without_weights_has_no_stage() -> None:
    assert names(given("data", 1, 4) + relu("data")) == []


EXAMPLES = Path(__file__).parents[2] / "examples"


def texts(scene: Scene) -> list[str]:
    return [item.text for item, _, _ in flat(scene.items) if isinstance(item, Text)]


def check_texts(scene: Scene) -> None:
    """No two texts overlap, and all lie within the page."""
    boxes = []
    for item, x, y in flat(scene.items):
        if isinstance(item, Text) and item.text:
            style = STYLES[item.style]
            width = text_width(item.text, style.size, style.bold)
            left = item.x + x - {"start": 0, "middle": width / 2, "end": width}[item.anchor]
            top = item.y + y - 0.7 * style.size
            boxes.append((left, top, left + width, top + 0.9 * style.size))
            assert left >= 0
            assert left + width <= scene.width
            assert 0 <= top <= scene.height
    assert overlaps(boxes) == 0


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (0, ["227 × 227 × 3", "96 × 11×11×3", "stride 4, pad 0", "55 × 55 × 96", "27 × 27 × 96"]),
        (0, ["height, width: (227 − 11 + 2·0) / 4 + 1 = 55"]),
        (0, ["height, width: (55 − 3 + 2·0) / 2 + 1 = 27"]),
        (1, ["27 × 27 × 48", "128 × 5×5×48", "27 × 27 × 128", "13 × 13 × 256"]),
        (1, ["height, width: (27 − 5 + 2·2) / 1 + 1 = 27"]),
        (2, ["384 × 3×3×256", "13 × 13 × 384"]),
        (3, ["192 × 3×3×192", "13 × 13 × 192"]),
        (4, ["128 × 3×3×192", "6 × 6 × 256"]),
        (5, ["4096 × 9216", "inputs: 256 · 6 · 6 = 9,216", "4096"]),
        (7, ["1000 × 4096"]),
    ],
)
def test_the_numbers_of_the_article(stage: int, expected: list[str]) -> None:
    made = load(EXAMPLES / "alexnet" / "deploy.prototxt")
    scene = stage_scene(made, stages(made)[stage])
    assert [text for text in expected if text not in texts(scene)] == []


def test_groups_run_in_two_lanes() -> None:
    made = load(EXAMPLES / "alexnet" / "deploy.prototxt")
    found = texts(stage_scene(made, stages(made)[1]))
    assert found.count("128 × 5×5×48") == 2
    assert found.count("27 × 27 × 48") == found.count("27 × 27 × 128") == 2
    assert found.count("conv2") == 1


def test_of_many_groups_two_are_drawn() -> None:
    text = given("data", 1, 32, 8, 8) + conv(
        "c", "data", "convolution_param { num_output: 32 kernel_size: 3 group: 32 }"
    )
    made = net(text)
    scene = all_stages_scene(made)
    assert texts(scene).count("1 × 3×3×1") == 2
    assert texts(scene).count("⋮ 32 groups") == 2
    check_texts(scene)


def test_one_page_has_all_stages() -> None:
    made = load(EXAMPLES / "alexnet" / "deploy.prototxt")
    scene = all_stages_scene(made)
    check_texts(scene)
    titles = [
        item.text
        for item, _, _ in flat(scene.items)
        if isinstance(item, Text) and item.style == "title"
    ]
    assert titles == [f"{i + 1}. {stage.name}" for i, stage in enumerate(stages(made))]


@drawn_from(nets())
def test_any_net_has_a_page(text: str) -> None:
    check_texts(all_stages_scene(net(text)))
