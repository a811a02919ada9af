"""Nets to draw, and what holds of every drawing: nothing overlaps, every line arrives."""

from __future__ import annotations

from caffetools.drawing.graph_layout import Layout
from caffetools.drawing.ranks import LayoutGraph
from caffetools.drawing.scene import Move, Path, Rect, Scene, SceneItem, flat
from tests.nets import given, layer

CONV = "convolution_param { num_output: 4 kernel_size: 3 pad: 1 }"
POOL = "pooling_param { kernel_size: 2 stride: 2 }"


def conv(name: str, bottom: str, fields: str = CONV) -> str:
    return layer("Convolution", name, bottom, name, fields)


def relu(blob: str) -> str:
    return layer("ReLU", f"relu_{blob}", blob, blob)


def residual(blocks: int) -> str:
    """A net of equal residual blocks, each of two convolutions with a ReLU and a sum."""
    text = given("data", 1, 4, 8, 8) + conv("c", "data")
    last = "c"
    for i in range(blocks):
        text += conv(f"a{i}", last) + relu(f"a{i}") + conv(f"b{i}", f"a{i}")
        text += layer("Eltwise", f"s{i}", f"{last} b{i}", f"s{i}")
        last = f"s{i}"
    return text + layer("Softmax", "prob", last, "prob")


def detector(levels: int) -> str:
    """A chain of convolutions; a head of each has a convolution, a Permute and a PriorBox."""
    text = given("data", 1, 4, 8, 8)
    last = "data"
    for i in range(levels):
        text += conv(f"c{i}", last)
        last = f"c{i}"
    for i in range(levels):
        loc = f"convolution_param {{ num_output: {4 * (i + 1)} kernel_size: 1 }}"
        order = "permute_param { order: 0 order: 2 order: 3 order: 1 }"
        text += conv(f"loc{i}", f"c{i}", loc) + layer("Permute", f"p{i}", f"loc{i}", f"p{i}", order)
        text += layer("Flatten", f"flat{i}", f"p{i}", f"flat{i}")
        prior = f"prior_box_param {{ min_size: {i + 1} }}"
        text += layer("PriorBox", f"prior{i}", f"c{i} data", f"prior{i}", prior)
    for name, axis in (("flat", 1), ("prior", 2)):
        bottoms = " ".join(f"{name}{i}" for i in range(levels))
        text += layer(
            "Concat", f"all_{name}", bottoms, f"all_{name}", f"concat_param {{ axis: {axis} }}"
        )
    return text


LABELLED = (
    layer("Input", "data", "", "data label", "input_param { shape { dim: 2 dim: 3 } }")
    + "".join(
        layer("InnerProduct", name, bottom, name, "inner_product_param { num_output: 3 }")
        for name, bottom in (("one", "data"), ("two", "one"))
    )
    + layer("EuclideanLoss", "loss", "two label", "loss")
    + layer("EuclideanLoss", "loss2", "two label", "loss2")
)
"""Two layers that end the net and read the same two blobs."""


def boxes_of(scene: Scene, *styles: str) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of the rectangles of some styles."""
    return [
        (item.x + x, item.y + y, item.x + x + item.width, item.y + y + item.height)
        for item, x, y in flat(scene.items)
        if isinstance(item, Rect) and item.style in styles
    ]


def overlaps(boxes: list[tuple[float, float, float, float]]) -> int:
    """How many pairs of boxes share more than an edge."""
    found = 0
    active: list[tuple[float, float, float, float]] = []
    for box in sorted(boxes):
        active = [other for other in active if other[2] > box[0] + 1e-6]
        found += sum(
            min(box[3], other[3]) - max(box[1], other[1]) > 1e-6
            and min(box[2], other[2]) - max(box[0], other[0]) > 1e-6
            for other in active
        )
        active.append(box)
    return found


def check_scene(scene: Scene) -> None:
    """Boxes and labels do not overlap, and all are within the page."""
    assert overlaps(boxes_of(scene, "box", "pill", "pill-output")) == 0
    for left, top, right, bottom in boxes_of(scene, "box", "pill", "pill-output", "frame"):
        assert left >= 0
        assert top >= 0
        assert right <= scene.width
        assert bottom <= scene.height


def check_layout(graph: LayoutGraph, found: Layout) -> None:
    """No two vertices overlap; every wire leads from its source's foot to its readers' tops."""
    vertices = [
        (x, y, x + size.width, y + size.height)
        for (x, y), size in zip(found.corners, graph.sizes, strict=True)
    ]
    assert overlaps(vertices) == 0
    for wire, route in zip(graph.wires, found.routes, strict=True):
        left, _, right, bottom = vertices[wire.source]
        assert left - 1e-6 <= route.start[0] <= right + 1e-6
        assert route.start[1] == bottom
        assert {reader for reader, _ in route.ends} == set(wire.readers)
        points = [move.end for move in route.moves]
        for reader, (x, y) in route.ends:
            left, top, right, _ = vertices[reader]
            assert left - 1e-6 <= x <= right + 1e-6
            assert y == top
            assert (x, y) in points
        if wire.readers:
            assert route.moves[0].end == route.start
            assert connected(route.moves)


def connected(moves: tuple[Move, ...]) -> bool:
    """Does each part of a line start where a former one has been?"""
    been = {moves[0].end}
    for move in moves:
        if move.start and move.end not in been:
            return False
        been.add(move.end)
    return True


def styles_of(items: tuple[SceneItem, ...]) -> list[str]:
    return [item.style for item, _, _ in flat(items)]


def paths_of(scene: Scene) -> list[Path]:
    return [item for item, _, _ in flat(scene.items) if isinstance(item, Path)]
