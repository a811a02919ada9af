"""The row of volumes: which nets have one, what is drawn, that no text overlaps."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given as drawn_from

from caffetools.drawing.figure import figure_scene, volumes
from caffetools.drawing.scene import Path as Line
from caffetools.drawing.scene import Scene, flat
from caffetools.errors import CaffeToolsError
from caffetools.net.loading import load
from tests.drawing.cases import LABELLED, conv, relu, residual
from tests.drawing.test_stages import check_texts, texts
from tests.nets import given, inner_product, layer, net
from tests.strategies import nets

EXAMPLES = Path(__file__).parents[2] / "examples"
CHAIN = given("data", 1, 3, 16, 16) + conv("a", "data") + relu("a") + inner_product("f", "a", 10)

BATCH = "data_param { batch_size: 2 }"


def drawn(path: str) -> Scene:
    return figure_scene(load(EXAMPLES / path, phase="test"))


def paths(scene: Scene, style: str) -> list[Line]:
    found = [item for item, _, _ in flat(scene.items) if item.style == style]
    return [item for item in found if isinstance(item, Line)]


def test_alexnet() -> None:
    scene = drawn("alexnet/deploy.prototxt")
    check_texts(scene)
    found = texts(scene)
    sizes = ["227 × 227 × 3", "55 × 55 × 96", "27 × 27 × 256", "13 × 13 × 384", "13 × 13 × 384"]
    sizes += ["13 × 13 × 256", "4096", "4096", "1000"]
    assert [text for text in found if text in sizes] == sizes
    assert {"11×11", "stride 4", "5×5", "2 groups", "ReLU, LRN", "max pooling"} <= set(found)
    assert found.count("dense") == 3
    assert len(paths(scene, "kernel-face")) == 5
    assert len(paths(scene, "ray")) == 5 * 4


def test_a_kernel_covers_its_share_of_what_it_reads() -> None:
    """11 of 227 would be 5 %, of which 9 % are drawn; LeNet's 5 of 28 are 18 %."""
    (first, *_) = paths(drawn("lenet/deploy.prototxt"), "kernel-face")
    heights = [move.end[1] for move in first.moves]
    volume = max(heights) - min(heights)
    # The largest volume is 200 high and slants by 0.26 of its width.
    assert volume == pytest.approx(5 / 28 * (200 + 0.26 * 200))


@pytest.mark.parametrize("layers", [11, 12])
def test_equal_volumes_of_long_nets_are_one(layers: int) -> None:
    text, last = given("data", 1, 4, 8, 8), "data"
    for number in range(layers):
        text += conv(f"c{number}", last)
        last = f"c{number}"
    made = net(text)
    assert len(volumes(made)) == 1 + (layers if layers < 12 else 1)
    assert ("12 × c0 …" in texts(figure_scene(made))) == (layers == 12)


def test_labels_losses_and_accuracies_are_left_out() -> None:
    made = net(LABELLED)
    assert [volume.shape for volume in volumes(made)] == [(2, 3)] * 3


def test_unknown_extents() -> None:
    text = CHAIN.replace(given("data", 1, 3, 16, 16), layer("Data", "data", "", "data", BATCH))
    scene = figure_scene(net(text))
    check_texts(scene)
    assert "? × ? × 4" in texts(scene)
    assert "10" in texts(scene)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (residual(1), 2, "'c' is read by a0, s0"),
        (CHAIN + conv("b", "data"), 1, "'data' is read by a, b"),
        (CHAIN + given("data2", 1, 2) + inner_product("g", "data2", 2), 5, "second input"),
        (given("data", 1, 2), 1, "with convolutions or inner products"),
    ],
)
def test_no_chain(text: str, line: int, message: str) -> None:
    with pytest.raises(CaffeToolsError, match=message) as caught:
        figure_scene(net(text))
    assert caught.value.location is not None
    assert caught.value.location.line == line


@drawn_from(nets())
def test_any_net_has_a_figure_or_a_mistake_that_is_named(text: str) -> None:
    with suppress(CaffeToolsError):
        check_texts(figure_scene(net(text)))
