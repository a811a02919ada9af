"""GraphDrawing -> Scene: the graph of a net with its title above and its legend below."""

from __future__ import annotations

from caffetools.drawing.diagram import diagram, family
from caffetools.drawing.graph_drawing import draw_graph
from caffetools.drawing.layer_text import cost_text, short_number
from caffetools.drawing.scene import Rect, Scene, SceneGroup, SceneItem, Text
from caffetools.drawing.style import FAMILIES, fitted, styled_width
from caffetools.net.net import Net
from caffetools.table import printable

MARGIN = 24.0
_TITLE = 44.0
_SWATCH = 10.0
_LEGEND_LINE = 18.0


def graph_scene(
    net: Net, fold: bool = True, columns: int | None = None, spaces: bool = False
) -> Scene:
    """Draw the graph of a net as a page: layers from top to bottom, in columns if it is long.

    The parameters are those of `draw_graph`.
    """
    graph = draw_graph(net, fold, columns, spaces)
    legend = _legend(net)
    name, totals = heading(net)
    width = max(graph.layout.width, 420.0, styled_width(totals, "subtitle"))
    rows = _flowed(legend, width)
    height = _TITLE + graph.layout.height + 26 + len(rows) * _LEGEND_LINE
    left = (width - graph.layout.width) / 2
    title = (Text(0, 14, fitted(name, "title", width), "title"), Text(0, 31, totals, "subtitle"))
    page = (width + 2 * MARGIN, height + 2 * MARGIN)
    items: list[SceneItem] = [
        Rect(0, 0, *page, "paper"),
        SceneGroup(title, offset=(MARGIN, MARGIN)),
        SceneGroup(graph.items, offset=(MARGIN + left, MARGIN + _TITLE)),
    ]
    y = MARGIN + height - len(rows) * _LEGEND_LINE
    for row in rows:
        items.append(SceneGroup(tuple(row), offset=(MARGIN, y)))
        y += _LEGEND_LINE
    folded = "".join(f" {block.times} equal blocks are drawn once." for block in graph.repeats)
    description = f"The graph of a net from top to bottom: {totals}.{folded}"
    return Scene(*page, printable(net.name) or "net", description, tuple(items))


def heading(net: Net) -> tuple[str, str]:
    """Return the name of a net, and one line about its size."""
    size = f"{len(net.known_layers)} layers, {cost_text(net.known_layers, short_number)}"
    return net.name or "net without a name", f"{net.state.phase.lower()} phase, {size}"


def _legend(net: Net) -> list[tuple[list[SceneItem], float]]:
    """Return the entries of the legend, each with its width."""
    used = {family(net.known_layers[box.layers[0]]) for box in diagram(net).boxes}
    entries: list[tuple[list[Rect], str]] = [
        ([Rect(0, -_SWATCH + 1, 4, _SWATCH + 1, f"family-{kind}", 2)], found.title)
        for kind, found in FAMILIES.items()
        if kind in used
    ]
    ramp = [
        Rect(8 * i, -_SWATCH + 1, 8, _SWATCH, "shade", 0, shade)
        for i, shade in enumerate((0.1, 0.25, 0.45, 0.66))
    ]
    bar = [Rect(0, -5, 32, 3, "gauge", 1.5), Rect(0, -5, 20, 3, "gauge-part", 1.5)]
    for swatch, name, total, values in (
        (
            ramp,
            "multiply-accumulates",
            net.cost.macs,
            [layer.macs or 0 for layer in net.known_layers],
        ),
        (bar, "parameters", net.cost.params, [layer.owned_params for layer in net.known_layers]),
    ):
        largest = max(values, default=0)
        if largest and total:
            key = fitted(net.known_layers[values.index(largest)].node.key, "legend", 130)
            entries.append((swatch, f"{name}, most in {key}: {round(100 * largest / total)} %"))
    made: list[tuple[list[SceneItem], float]] = []
    for swatch, words in entries:
        left = max(mark.x + mark.width for mark in swatch) + 6
        width = left + styled_width(words, "legend")
        made.append(([*swatch, Text(left, 0, words, "legend")], width))
    return made


def _flowed(entries: list[tuple[list[SceneItem], float]], width: float) -> list[list[SceneItem]]:
    """Arrange the entries in rows of at most `width`."""
    rows: list[list[SceneItem]] = [[]]
    x = 0.0
    for items, entry in entries:
        if x and x + entry > width:
            rows.append([])
            x = 0.0
        rows[-1].append(SceneGroup(tuple(items), offset=(x, 0)))
        x += entry + 18
    return rows
