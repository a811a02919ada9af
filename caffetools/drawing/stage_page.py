"""A stage -> the data-flow diagram of it: blobs as solids, layers as arrows between.

Above an arrow stands what the layer is, below it the arithmetic. A convolution in groups runs in
lanes, two at most: of more the first and the last are drawn.
"""

from __future__ import annotations

from typing import NamedTuple

from caffetools.drawing.arithmetic import formulas
from caffetools.drawing.font_metrics import elided, text_width
from caffetools.drawing.graph_page import MARGIN
from caffetools.drawing.layer_text import groups, kernels, movement, options
from caffetools.drawing.scene import Rect, Scene, SceneGroup, SceneItem, Text, polygon
from caffetools.drawing.solids import LABEL, Solid, inner_extents, solid, solid_items
from caffetools.drawing.stages import Stage, stages
from caffetools.drawing.style import STYLES
from caffetools.layers.base import Shape
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.table import printable, shown

_WIDEST = 330.0
_LINE = 14.0
_GAP = 10.0
"""Between a solid and an arrow."""
_LANE_GAP = 22.0
_TITLE = 42.0
_BETWEEN = 34.0
"""Stages on one page."""


class Picture(NamedTuple):
    """A stage's diagram from its own top left corner."""

    width: float
    height: float
    items: tuple[SceneItem, ...]


def stage_scene(net: Net, stage: Stage) -> Scene:
    """The diagram of one stage."""
    return _page(f"{printable(net.name)} {printable(stage.name)}".strip(), [_diagram(stage)])


def all_stages_scene(net: Net) -> Scene:
    """The diagrams of all stages of a net, one below the other."""
    return _page(printable(net.name) or "net", [_diagram(stage) for stage in stages(net)])


def _page(title: str, diagrams: list[Picture]) -> Scene:
    width = max((drawn.width for drawn in diagrams), default=200.0) + 2 * MARGIN
    items: list[SceneItem] = []
    y = MARGIN
    for number, drawn in enumerate(diagrams):
        if number:
            y += _BETWEEN / 2
            items.append(polygon([(MARGIN, y), (width - MARGIN, y)], "rule"))
            y += _BETWEEN / 2
        items.append(SceneGroup(drawn.items, offset=(MARGIN, y)))
        y += drawn.height
    height = y + MARGIN
    told = "Data-flow diagrams: blobs from left to right, the layers between them as arrows."
    return Scene(width, height, title, told, (Rect(0, 0, width, height, "paper"), *items))


class _Cell(NamedTuple):
    """An arrow with its words."""

    width: float
    above: list[tuple[str, str]]
    """Once, above the first lane."""
    told: list[tuple[str, str]]
    """Above the arrow of each lane."""
    below: list[tuple[str, str]]


def _diagram(stage: Stage) -> Picture:
    first = stage.layers[0]
    lanes = groups(first)
    cells = [_cell(layer, lanes if layer is first else 1) for layer in stage.layers]
    shapes: list[Shape | None] = [first.bottoms[0] if first.bottoms else None]
    shapes.extend(layer.tops[0] if layer.tops else None for layer in stage.layers)
    in_lanes = [lanes if lanes > 1 and index < 2 else 1 for index in range(len(shapes))]
    solids = [solid(shape, n) for shape, n in zip(shapes, in_lanes, strict=True)]
    spread = _spread(solids, in_lanes)
    up = max(
        max((len(cell.above) + len(cell.told)) * _LINE + 10 for cell in cells) + spread,
        *(
            s.full_height / 2 + (spread if n > 1 else 0)
            for s, n in zip(solids, in_lanes, strict=True)
        ),
    )
    down = max(
        max(len(cell.below) * _LINE + 12 for cell in cells) + spread,
        *(
            s.full_height / 2 + LABEL + (spread if n > 1 else 0)
            for s, n in zip(solids, in_lanes, strict=True)
        ),
    )
    middle = _TITLE + up
    items: list[SceneItem] = []
    x = 0.0
    for index, (shape, drawn, count) in enumerate(zip(shapes, solids, in_lanes, strict=True)):
        label = inner_extents(shape, count)
        width = max(drawn.width, text_width(label, STYLES["extent"].size, bold=True))
        left = x + (width - drawn.width) / 2
        for shift in (-spread, spread) if count > 1 else (0.0,):
            items.extend(solid_items(drawn, left, middle + shift, label))
        if count > 2:
            items.append(Text(x + width / 2, middle + 6, f"⋮ {count} groups", "detail", "middle"))
        x += width + _GAP
        if index < len(cells):
            shifts = (-spread, spread) if index == 0 and count > 1 else (0.0,)
            items.extend(_arrow_items(cells[index], x, middle, shifts))
            x += cells[index].width + _GAP
    title, least = _title(stage)
    return Picture(max(x - _GAP, least), middle + down, (*title, *items))


def _spread(solids: list[Solid], lanes: list[int]) -> float:
    """How far from the middle each of two lanes runs."""
    heights = [s.full_height + LABEL for s, n in zip(solids, lanes, strict=True) if n > 1]
    gap = _LANE_GAP if max(lanes) == 2 else 2 * _LANE_GAP
    return (max(heights) + gap) / 2 if heights else 0.0


def _title(stage: Stage) -> tuple[list[SceneItem], float]:
    """The lines above a diagram, and how wide they are."""
    first = stage.layers[0]
    batch = f"a batch of {first.tops[0][0]}; " if first.tops and first.tops[0] else ""
    params = sum(layer.owned_params for layer in stage.layers)
    macs = sum(layer.macs or 0 for layer in stage.layers)
    told = f"{batch}{shown(params)} parameters, {shown(macs)} multiply-accumulates"
    name = elided(f"{stage.number}. {' '.join(stage.name.split())}", 600, *_font("title"))
    width = max(text_width(name, *_font("title")), text_width(told, *_font("subtitle")))
    return [Text(0, 14, name, "title"), Text(0, 31, told, "subtitle")], width


def _cell(layer: InferredLayer, lanes: int) -> _Cell:
    in_place = " (in place)" if any(layer.node.in_place) else ""
    heading = [(layer.node.key, "operation"), (layer.node.type + in_place, "type")]
    if kernels(layer):
        told = [(_kernels(layer, lanes), "kernel"), (movement(layer, usual=True), "detail")]
    else:
        told = [(options(layer, usual=True), "detail")]
    above, told = (
        [
            (elided(" ".join(text.split()), _WIDEST, *_font(style)), style)
            for text, style in lines
            if text
        ]
        for lines in (heading, told)
    )
    below = [line for step, pair in enumerate(formulas(layer)) for line in _step(*pair, step)]
    widths = [text_width(text, *_font(style)) for text, style in (*above, *told, *below)]
    return _Cell(max(*widths, 60.0) + 10, above, told, below)


def _step(name: str, formula: str, number: int) -> list[tuple[str, str]]:
    """A step in a line, or in two where it is long."""
    style = "detail" if number else "formula"
    line = f"{name}: {formula}"
    if text_width(line, *_font(style)) <= _WIDEST:
        return [(line, style)]
    return [(f"{name}:", style), (formula, style)]


def _font(style: str) -> tuple[float, bool]:
    return STYLES[style].size, STYLES[style].bold


def _kernels(layer: InferredLayer, lanes: int) -> str:
    """The kernels, of one lane where there are several."""
    text = kernels(layer)
    if lanes == 1:
        return text
    count, _, rest = text.partition(" ")
    return f"{int(count) // lanes} {rest}"


def _arrow_items(
    cell: _Cell, x: float, middle: float, shifts: tuple[float, ...]
) -> list[SceneItem]:
    items: list[SceneItem] = []
    right = x + cell.width
    for shift in shifts:
        y = middle + shift
        items.append(polygon([(x, y), (right - 6, y)], "link"))
        items.append(
            polygon([(right, y), (right - 8, y - 3.6), (right - 8, y + 3.6), (right, y)], "arrow")
        )
    center = x + cell.width / 2
    for shift in shifts:
        lines = [*(cell.above if shift == shifts[0] else ()), *cell.told]
        y = middle + shift - 8 - (len(lines) - 1) * _LINE
        for text, style in lines:
            items.append(Text(center, y, text, style, "middle"))
            y += _LINE
    y = middle + shifts[-1] + 16
    for text, style in cell.below:
        items.append(Text(center, y, text, style, "middle"))
        y += _LINE
    return items
