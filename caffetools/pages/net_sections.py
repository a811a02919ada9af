"""The sections of a page about the net: summary, graph, table."""

from __future__ import annotations

from collections.abc import Mapping

from caffetools.drawing.diagram import family
from caffetools.drawing.graph_drawing import GraphDrawing
from caffetools.drawing.graph_page import heading
from caffetools.drawing.scene import Scene
from caffetools.drawing.style import FAMILIES
from caffetools.drawing.svg import svg
from caffetools.layers.blobs import dims
from caffetools.net.net import Net
from caffetools.net.summary import TopRow, columns, footer, rows
from caffetools.pages.curve_section import sample
from caffetools.pages.markup import Markup, cut, element, folded, section, void
from caffetools.pages.paths import shortened
from caffetools.table import Column, Value, shown

_MANY = 12
"""Number of notes from which they are collapsed."""
_LABELLED = ("kernel/stride/pad", "parameters", "MACs", "field/stride")
"""Columns whose values have their title where the screen is narrow."""
_SWATCH = "M4 0H18V10H4Z"


def summary(net: Net, names: Mapping[str, str]) -> Markup:
    """Return totals, inputs and notes."""
    cost = net.cost
    tiles = [
        _tile("layers", len(net.layers)),
        _tile("parameters", cost.params),
        _tile("multiply-accumulates", cost.macs),
        _tile("bytes of memory for data", cost.memory_bytes),
    ]
    inputs = [
        element("li", element("code", net.blob(blob)), ": ", dims(s))
        for layer in net.layers
        if not layer.node.bottoms
        for blob, s in zip(layer.node.tops, layer.tops, strict=True)
    ]
    parts = [
        element("div", *tiles, class_="tiles"),
        element("ul", *(element("li", line) for line in footer(net))),
        element("h3", "Inputs"),
        element("ul", *inputs) if inputs else element("p", "none"),
    ]
    if net.notes:
        notes = [
            element("li", element("code", shortened(str(n.location), names)), " ", n.message)
            for n in net.notes
        ]
        title = f"Notes ({len(notes)})"
        parts.append(folded(title, element("ul", *notes), is_open=len(notes) <= _MANY))
    return section("summary", "Summary", *parts)


def _tile(title: str, value: Value) -> Markup:
    number = element("span", shown(value), class_="number")
    return element("div", number, element("span", title), class_="tile")


def graph_section(
    net: Net,
    folded: GraphDrawing,
    whole: GraphDrawing | None,
    spaces: GraphDrawing | None = None,
) -> Markup:
    """Return the graph with its tools.

    `whole` is the unfolded graph if `folded` has folds, `spaces` that with folded namespaces if
    there are any.
    """
    search = void(
        "input", type="search", id="search", placeholder="Find a layer", autocomplete="off",
        aria_label="Find a layer by name or type", spellcheck="false",
    )  # fmt: skip
    buttons = [
        element("button", "−", type="button", data_do="out", aria_label="Zoom out"),
        element("button", "+", type="button", data_do="in", aria_label="Zoom in"),
        element("button", "Show all", type="button", data_do="fit"),
    ]
    others = [
        ("unfold", "Unfold repeated blocks", "whole-graph", whole),
        ("spaces", "Fold namespaces", "spaces-graph", spaces),
    ]
    buttons.extend(
        element("button", words, type="button", data_do=do, data_view=view, aria_pressed="false")
        for do, words, view, drawn in others
        if drawn is not None
    )
    found = element("output", id="found", for_="search")
    tools = element("div", search, found, *buttons, class_="tools", role="toolbar",
                    aria_label="Graph tools")  # fmt: skip
    drawings = [element("div", _drawing(net, folded, "graph"), class_="drawing")]
    drawings.extend(
        element("div", _drawing(net, drawn, view), class_="drawing", hidden=True)
        for _, _, view, drawn in others
        if drawn is not None
    )
    help_text = (
        "Arrow keys: go from layer to layer along the blobs. Shift with arrow keys: move the view. "
        "Plus and minus, or Ctrl with the wheel: zoom. 0: show all. Enter: details of the layer. "
        "/: search."
    )
    canvas = element(
        "div", *drawings, id="canvas", tabindex="0", role="application",
        aria_label=f"Graph of the net, {heading(net)[1]}", aria_describedby="keys",
    )  # fmt: skip
    nothing = element("p", "Choose a layer to see its formulas and its prototxt.")
    aside = element("aside", nothing, id="details", aria_label="Chosen layer", tabindex=0)
    return section(
        "net",
        "Graph",
        tools,
        element("div", canvas, aside, class_="split"),
        element("p", help_text, id="keys", class_="hint"),
        _legend(net),
        element("p", id="status", role="status", class_="hidden"),
    )


def _drawing(net: Net, drawn: GraphDrawing, identity: str) -> Markup:
    scene = Scene(drawn.layout.width, drawn.layout.height, *heading(net), drawn.items)
    return Markup(svg(scene, identity, own_style=False))


def _legend(net: Net) -> Markup:
    used = {family(layer) for layer in net.layers}
    entries = [
        element("li", sample(f"family-{kind}", _SWATCH), found.title)
        for kind, found in FAMILIES.items()
        if kind in used
    ]
    entries.append(element("li", sample("shade", _SWATCH), "multiply-accumulates"))
    entries.append(element("li", sample("gauge-part", _SWATCH), "parameters"))
    return element("ul", *entries, class_="legend-list")


def table(net: Net) -> Markup:
    """Return the table of the net, which the script sorts and filters."""
    shape = columns(net)
    heads = [
        element(
            "th",
            element("button", column.title, type="button", class_="sort"),
            scope="col",
            class_="numeric" if column.numeric else None,
        )
        for column in shape
    ]
    number = {id(layer): index for index, layer in enumerate(net.layers)}
    body = []
    for row in rows(net):
        cells = [_cell(column, column.value(row)) for column in shape]
        if row.first:
            name = element("button", cut(row.layer.node.key), type="button", class_="link-button")
            cells[0] = element("td", name)
        body.append(element("tr", *cells, data_layer=number[id(row.layer)]))
    totals = [_cell(column, column.total) for column in shape]
    filtering = void(
        "input", type="search", id="filter", placeholder="Filter rows", autocomplete="off",
        aria_label="Filter the rows of the table", spellcheck="false",
    )  # fmt: skip
    grid = element(
        "table",
        element("thead", element("tr", *heads)),
        element("tbody", *body),
        element("tfoot", element("tr", *totals)),
        id="layers-table",
    )
    count = element("output", id="filtered", for_="filter")
    tools = element("div", filtering, count, class_="tools")
    return section("layers", "Layers", tools, element("div", grid, class_="scroll"))


def _cell(column: Column[TopRow], value: Value) -> Markup:
    raw = str(value) if isinstance(value, int) else None
    style = "numeric" if column.numeric else None
    label = column.title if column.title in _LABELLED else None
    return element("td", cut(shown(value)), class_=style, data_value=raw, data_label=label)
