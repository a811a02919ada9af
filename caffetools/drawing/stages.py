"""Find the stages of a net, and draw the data flow of each: blobs as solids, layers as arrows.

The type and options of a layer are above its arrow, the formulas below. A convolution in groups is
drawn in lanes; of more than two groups the first and the last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from caffetools.drawing.diagram import Diagram, diagram, family
from caffetools.drawing.folding import repeats
from caffetools.drawing.graph_page import MARGIN
from caffetools.drawing.layer_text import (
    cost_text,
    formulas,
    group_count,
    item_shape_text,
    kernel_text,
    option_text,
    window_text,
)
from caffetools.drawing.scene import Picture, Rect, Scene, SceneGroup, SceneItem, Text, polyline
from caffetools.drawing.solids import LABEL, solid, solid_items
from caffetools.drawing.style import fitted, styled_width
from caffetools.layers.blobs import Shape
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.table import printable

_WIDEST = 330.0
"""Maximum width of a line of text."""
_LINE = 14.0
_GAP = 10.0
"""Gap between a solid and an arrow."""
_LANE_GAP = 22.0
_TITLE = 42.0
_STAGE_GAP = 34.0
"""Gap between the stages of a page."""

_FOLLOWING = {"pooling", "pointwise", "normalization", "softmax", "reshaping"}
"""Families of the layers that belong to the stage before them."""

_Lines = list[tuple[str, str]]
"""Lines of text, each with its style."""


class Stage(NamedTuple):
    """A convolution, inner product or the like, and the layers that follow it.

    These have one bottom and one top: activation, normalisation, pooling, dropout.
    """

    number: int
    """From 1."""
    layers: tuple[InferredLayer, ...]
    times: int = 1
    """Number of equal stages that it represents, in repeated blocks."""
    last: str = ""
    """Name of the last of them."""

    @property
    def name(self) -> str:
        """Name of the first layer."""
        return self.layers[0].node.key


def stages(net: Net, fold: bool = False) -> tuple[Stage, ...]:
    """Return the stages of a net, in the order of its file; with `fold`, equal ones once."""
    drawing = diagram(net)
    following = _following_boxes(drawing)
    found: list[Stage] = []
    boxes = []
    for box, inside in enumerate(drawing.boxes):
        if family(net.known_layers[inside.layers[0]]) not in {"convolution", "connected"}:
            continue
        boxes.append(box)
        layers = list(inside.layers)
        while (box := following.get(box, -1)) >= 0:
            if family(net.known_layers[drawing.boxes[box].layers[0]]) not in _FOLLOWING:
                break
            layers.extend(drawing.boxes[box].layers)
        found.append(Stage(len(found) + 1, tuple(net.known_layers[layer] for layer in layers)))
    return tuple(_folded(net, drawing, boxes, found) if fold else found)


def _folded(net: Net, drawing: Diagram, boxes: list[int], found: list[Stage]) -> Iterator[Stage]:
    """Yield the stages that begin at `boxes`, those of repeated blocks once."""
    stage_at = dict(zip(boxes, found, strict=True))
    blocks = [(repeat, block) for repeat in repeats(net, drawing) for block in repeat.blocks]
    repeat_of = {box: repeat for repeat, block in blocks if not repeat.heads for box in block}
    for box, stage in stage_at.items():
        repeat = repeat_of.get(box)
        if repeat is None:
            yield stage
        elif box in repeat.blocks[0]:
            last = stage_at[box - repeat.start + repeat.blocks[-1].start]
            yield stage._replace(times=repeat.times, last=last.name)


def _following_boxes(drawing: Diagram) -> dict[int, int]:
    """Return, by box, the only reader of its only blob, where that reads no other blob."""
    reads = Counter(reader for link in drawing.links for reader in link.readers)
    tops: dict[int, list[tuple[int, ...]]] = {}
    for link in drawing.links:
        tops.setdefault(link.source, []).append(link.readers)
    return {
        box: readers[0][0]
        for box, readers in tops.items()
        if len(readers) == len(readers[0]) == 1 and reads[readers[0][0]] == 1
    }


def stage_scene(net: Net, stage: Stage) -> Scene:
    """Draw one stage."""
    return _page(f"{printable(net.name)} {printable(stage.name)}".strip(), [_picture(stage)])


def all_stages_scene(net: Net, fold: bool = True) -> Scene:
    """Draw all stages of a net, one below the other; with `fold`, those of repeated blocks once."""
    return _page(printable(net.name) or "net", [_picture(stage) for stage in stages(net, fold)])


def _page(title: str, pictures: list[Picture]) -> Scene:
    width = max((picture.width for picture in pictures), default=200.0) + 2 * MARGIN
    items: list[SceneItem] = []
    y = MARGIN
    for number, picture in enumerate(pictures):
        if number:
            y += _STAGE_GAP / 2
            items.append(polyline([(MARGIN, y), (width - MARGIN, y)], "rule"))
            y += _STAGE_GAP / 2
        items.append(SceneGroup(picture.items, offset=(MARGIN, y)))
        y += picture.height
    height = y + MARGIN
    description = "Data-flow diagrams: blobs from left to right, the layers between them as arrows."
    return Scene(width, height, title, description, (Rect(0, 0, width, height, "paper"), *items))


class _Arrow(NamedTuple):
    """The arrow of a layer with its text."""

    width: float
    above: _Lines
    """Text above the first lane."""
    in_lane: _Lines
    """Text above the arrow of each lane."""
    below: _Lines


def _picture(stage: Stage) -> Picture:
    first = stage.layers[0]
    groups = group_count(first)
    arrows = [_arrow(layer, groups if layer is first else 1) for layer in stage.layers]
    shapes: list[Shape | None] = [first.bottoms[0] if first.bottoms else None]
    shapes.extend(layer.tops[0] if layer.tops else None for layer in stage.layers)
    lanes = [groups if index < 2 else 1 for index in range(len(shapes))]
    solids = [solid(shape, n) for shape, n in zip(shapes, lanes, strict=True)]
    spread = 0.0  # distance of each of two lanes from the middle
    if groups > 1:
        gap = _LANE_GAP if groups == 2 else 2 * _LANE_GAP
        spread = (max(drawn.full_height for drawn in solids[:2]) + LABEL + gap) / 2
    reach = max(
        drawn.full_height / 2 + (spread if n > 1 else 0)
        for drawn, n in zip(solids, lanes, strict=True)
    )
    text_above = max((len(arrow.above) + len(arrow.in_lane)) * _LINE for arrow in arrows)
    text_below = max(len(arrow.below) * _LINE for arrow in arrows)
    middle = _TITLE + max(text_above + 10 + spread, reach)
    down = max(text_below + 12 + spread, reach + LABEL)
    items: list[SceneItem] = []
    x = 0.0
    for index, (shape, drawn, count) in enumerate(zip(shapes, solids, lanes, strict=True)):
        label = item_shape_text(shape, count)
        width = max(drawn.width, styled_width(label, "extent"))
        left = x + (width - drawn.width) / 2
        for shift in (-spread, spread) if count > 1 else (0.0,):
            items.extend(solid_items(drawn, left, middle + shift, label))
        if count > 2:
            items.append(Text(x + width / 2, middle + 6, f"⋮ {count} groups", "detail", "middle"))
        x += width + _GAP
        if index < len(arrows):
            shifts = (-spread, spread) if index == 0 and count > 1 else (0.0,)
            items.extend(_arrow_items(arrows[index], x, middle, shifts))
            x += arrows[index].width + _GAP
    title = _title(stage)
    width = max(x - _GAP, *(styled_width(line.text, line.style) for line in title))
    return Picture(width, middle + down, (*title, *items))


def _title(stage: Stage) -> tuple[Text, Text]:
    """Return the lines above a diagram."""
    first = stage.layers[0]
    batch = f"a batch of {first.tops[0][0]}; " if first.tops and first.tops[0] else ""
    cost = f"{batch}{cost_text(stage.layers)}"
    equal = f" … {stage.last}: {stage.times} equal stages" if stage.last else ""
    name = fitted(f"{stage.number}. {stage.name}{equal}", "title", 600)
    return Text(0, 14, name, "title"), Text(0, 31, cost, "subtitle")


def _arrow(layer: InferredLayer, lanes: int) -> _Arrow:
    in_place = " (in place)" if any(layer.node.in_place) else ""
    heading = [(layer.node.key, "operation"), (layer.node.type + in_place, "type")]
    kernel = kernel_text(layer, lanes)
    text = window_text(layer, defaults=True) if kernel else option_text(layer, defaults=True)
    options = [(kernel, "kernel"), (text, "detail")]
    above, in_lane = (
        [(fitted(text, style, _WIDEST), style) for text, style in lines if text]
        for lines in (heading, options)
    )
    below = [line for step, pair in enumerate(formulas(layer)) for line in _formula(*pair, step)]
    widths = [styled_width(*line) for line in (*above, *in_lane, *below)]
    return _Arrow(max(*widths, 60.0) + 10, above, in_lane, below)


def _formula(name: str, formula: str, number: int) -> _Lines:
    """Return a formula with its name in one line, or in two if it is long."""
    style = "detail" if number else "formula"
    line = f"{name}: {formula}"
    if styled_width(line, style) <= _WIDEST:
        return [(line, style)]
    return [(f"{name}:", style), (formula, style)]


def _arrow_items(
    arrow: _Arrow, x: float, middle: float, shifts: tuple[float, ...]
) -> list[SceneItem]:
    items: list[SceneItem] = []
    right = x + arrow.width
    for shift in shifts:
        y = middle + shift
        head = [(right, y), (right - 8, y - 3.6), (right - 8, y + 3.6), (right, y)]
        items.append(polyline([(x, y), (right - 6, y)], "link"))
        items.append(polyline(head, "arrow"))
    center = x + arrow.width / 2
    for shift in shifts:
        lines = [*(arrow.above if shift == shifts[0] else ()), *arrow.in_lane]
        items.extend(_text_items(lines, center, middle + shift - 8 - (len(lines) - 1) * _LINE))
    return [*items, *_text_items(arrow.below, center, middle + shifts[-1] + 16)]


def _text_items(lines: _Lines, x: float, y: float) -> list[Text]:
    """Draw lines of text centered at `x`, the first with its baseline at `y`."""
    return [Text(x, y + i * _LINE, *line, "middle") for i, line in enumerate(lines)]
