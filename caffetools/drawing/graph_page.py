"""The picture of a graph with its title above and its legend below."""

from __future__ import annotations

from caffetools.drawing.diagram import family
from caffetools.drawing.font_metrics import elided, text_width
from caffetools.drawing.graph_drawing import GraphDrawing, graph
from caffetools.drawing.layer_text import short
from caffetools.drawing.scene import Rect, Scene, SceneGroup, SceneItem, Text
from caffetools.drawing.style import FAMILIES, STYLES
from caffetools.net.net import Net
from caffetools.table import printable

MARGIN = 24.0
_TITLE = 44.0
_SWATCH = 10.0
_LEGEND_LINE = 18.0

FAMILY_NAMES = {
    "data": "data",
    "convolution": "convolution",
    "connected": "fully connected",
    "pooling": "pooling",
    "pointwise": "element by element",
    "joining": "joining, splitting",
    "loss": "loss",
    "unknown": "unknown",
}
"""What a legend calls the families."""


def graph_scene(net: Net, fold: bool = True, columns: int | None = None) -> Scene:
    """The picture of a net's graph: layers from top to bottom, in columns where it is long.

    Repeated blocks stand there once with `fold`; `columns` in place of as many as make a page of
    good proportions.
    """
    drawn = graph(net, fold, columns)
    legend = legend_items(net)
    width = max(drawn.layout.width, 420.0)
    rows = _flowed(legend, width)
    height = _TITLE + drawn.layout.height + 26 + len(rows) * _LEGEND_LINE
    left = (width - drawn.layout.width) / 2
    items: list[SceneItem] = [
        Rect(0, 0, width + 2 * MARGIN, height + 2 * MARGIN, "paper"),
        SceneGroup(tuple(_title(net, width)), offset=(MARGIN, MARGIN)),
        SceneGroup(drawn.items, offset=(MARGIN + left, MARGIN + _TITLE)),
    ]
    y = MARGIN + height - len(rows) * _LEGEND_LINE
    for row in rows:
        items.append(SceneGroup(tuple(row), offset=(MARGIN, y)))
        y += _LEGEND_LINE
    title = printable(net.name) or "net"
    return Scene(
        width + 2 * MARGIN, height + 2 * MARGIN, title, described(net, drawn), tuple(items)
    )


def heading(net: Net) -> tuple[str, str]:
    """A net's name, and what it is in one line."""
    totals = net.cost
    told = (
        f"{net.state.phase.lower()} phase, {len(net.layers)} layers, "
        f"{short(totals.params)} parameters, {short(totals.macs)} multiply-accumulates"
    )
    return net.name or "net without a name", told


def described(net: Net, drawn: GraphDrawing) -> str:
    """The picture in a sentence, for those who do not see it."""
    folded = "".join(f" {fold.times} equal blocks are drawn once." for fold in drawn.folds)
    return f"The graph of a net from top to bottom: {heading(net)[1]}.{folded}"


def _title(net: Net, width: float) -> list[SceneItem]:
    name, told = heading(net)
    style, small = STYLES["title"], STYLES["subtitle"]
    return [
        Text(0, 14, elided(name, width, style.size, bold=True), "title"),
        Text(0, 31, elided(told, width, small.size), "subtitle"),
    ]


def legend_items(net: Net) -> list[tuple[list[SceneItem], float]]:
    """The marks and words of a legend, each with its width."""
    used = {family(layer) for layer in net.layers}
    entries: list[tuple[list[SceneItem], str]] = [
        ([Rect(0, -_SWATCH + 1, 4, _SWATCH + 1, f"family-{kind}", 2)], FAMILY_NAMES[kind])
        for kind in FAMILIES
        if kind in used
    ]
    most = max(net.layers, key=lambda layer: layer.macs or 0, default=None)
    if most is not None and most.macs and net.cost.macs:
        ramp: list[SceneItem] = [
            Rect(8 * i, -_SWATCH + 1, 8, _SWATCH, "shade", 0, shade)
            for i, shade in enumerate((0.1, 0.25, 0.45, 0.66))
        ]
        share = round(100 * most.macs / net.cost.macs)
        entries.append((ramp, f"multiply-accumulates, most in {_name(most.node.key)}: {share} %"))
    largest = max(net.layers, key=lambda layer: layer.owned_params, default=None)
    if largest is not None and largest.owned_params and net.cost.params:
        bar: list[SceneItem] = [
            Rect(0, -5, 32, 3, "gauge", 1.5),
            Rect(0, -5, 20, 3, "gauge-part", 1.5),
        ]
        share = round(100 * largest.owned_params / net.cost.params)
        entries.append((bar, f"parameters, most in {_name(largest.node.key)}: {share} %"))
    made = []
    for marks, words in entries:
        left = max(mark.x + mark.width for mark in marks if isinstance(mark, Rect)) + 6
        width = left + text_width(words, STYLES["legend"].size)
        made.append(([*marks, Text(left, 0, words, "legend")], width))
    return made


def _name(key: str) -> str:
    return elided(" ".join(key.split()), 130, STYLES["legend"].size)


def _flowed(entries: list[tuple[list[SceneItem], float]], width: float) -> list[list[SceneItem]]:
    """The entries in rows of at most a width."""
    rows: list[list[SceneItem]] = [[]]
    x = 0.0
    for items, entry in entries:
        if x and x + entry > width:
            rows.append([])
            x = 0.0
        rows[-1].append(SceneGroup(tuple(items), offset=(x, 0)))
        x += entry + 18
    return rows
