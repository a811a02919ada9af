"""The parts of a page, from the net alone."""

from __future__ import annotations

from caffetools.drawing.diagram import family
from caffetools.drawing.graph_drawing import GraphDrawing
from caffetools.drawing.graph_page import FAMILY_NAMES, heading
from caffetools.drawing.scene import Scene
from caffetools.drawing.svg import svg
from caffetools.layers.base import dims
from caffetools.net.net import Net
from caffetools.net.summary import columns, footer, rows
from caffetools.pages.cost_section import Profile, profile_scene, profiles, share
from caffetools.pages.markup import Markup, element, void
from caffetools.table import Value, shown

_LONGEST = 200
"""Characters of a cell; a longer text is cut, and stands in full with the layer's details."""


SWATCHES = (*(f"family-{kind}" for kind in FAMILY_NAMES), "shade", "gauge-part")
"""Styles whose colour a mark of the legend has."""


def section(identity: str, title: str, *content: Markup) -> Markup:
    """A part of the page with its heading."""
    head = element("h2", title, id=f"{identity}-title")
    return element("section", head, *content, id=identity, aria_labelledby=f"{identity}-title")


def summary(net: Net) -> Markup:
    """The totals, the inputs, the outputs, and the notes."""
    cost = net.cost
    tiles = [
        _tile("layers", len(net.layers)),
        _tile("parameters", cost.params),
        _tile("multiply-accumulates", cost.macs),
        _tile("bytes of memory for data", cost.memory_bytes),
    ]
    inputs = [
        element("li", element("code", net.blob(blob)), ": ", "unknown" if not s else dims(s))
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
        notes = [element("li", element("code", str(n.location)), " ", n.message) for n in net.notes]
        parts += [element("h3", f"Notes ({len(notes)})"), element("ul", *notes, class_="notes")]
    return section("summary", "Summary", *parts)


def _tile(title: str, value: Value) -> Markup:
    number = element("span", shown(value), class_="number")
    return element("div", number, element("span", title), class_="tile")


def graph_section(net: Net, folded: GraphDrawing, whole: GraphDrawing | None) -> Markup:
    """The graph with its tools; `whole` where some of it is folded."""
    search = void(
        "input", type="search", id="search", placeholder="Find a layer", autocomplete="off",
        aria_label="Find a layer by name or type", spellcheck="false",
    )  # fmt: skip
    buttons = [
        element("button", "−", type="button", data_do="out", aria_label="Zoom out"),
        element("button", "+", type="button", data_do="in", aria_label="Zoom in"),
        element("button", "Show all", type="button", data_do="fit"),
    ]
    if whole is not None:
        unfold = "Unfold repeated blocks"
        buttons.append(
            element("button", unfold, type="button", data_do="unfold", aria_pressed="false")
        )
    found = element("output", id="found", for_="search")
    tools = element("div", search, found, *buttons, class_="tools", role="toolbar",
                    aria_label="Tools of the graph")  # fmt: skip
    drawings = [element("div", _drawing(net, folded, "graph"), class_="drawing")]
    if whole is not None:
        drawings.append(
            element("div", _drawing(net, whole, "whole-graph"), class_="drawing", hidden=True)
        )
    help_text = (
        "Arrow keys: from layer to layer along the blobs. With Shift they move the picture. "
        "Plus and minus zoom, 0 shows all, Enter tells of the layer, / searches."
    )
    canvas = element(
        "div", *drawings, id="canvas", tabindex="0", role="application",
        aria_label=f"Graph of the net, {heading(net)[1]}", aria_describedby="keys",
    )  # fmt: skip
    nothing = element("p", "Choose a layer: its arithmetic and its lines stand here.")
    aside = element("aside", nothing, id="details", aria_label="The chosen layer")
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
    name, told = heading(net)
    scene = Scene(drawn.layout.width, drawn.layout.height, name, told, drawn.items)
    return Markup(svg(scene, identity, own_style=False))


def _legend(net: Net) -> Markup:
    used = {family(layer) for layer in net.layers}
    entries = [
        element("li", element("span", class_=f"swatch family-{kind}"), title)
        for kind, title in FAMILY_NAMES.items()
        if kind in used
    ]
    entries.append(element("li", element("span", class_="swatch shade"), "multiply-accumulates"))
    entries.append(element("li", element("span", class_="swatch gauge-part"), "parameters"))
    return element("ul", *entries, class_="legend-list")


def costs(net: Net) -> Markup:
    """Where parameters, multiply-accumulates and memory go."""
    parts = [_profile(net, profile, index) for index, profile in enumerate(profiles(net))]
    return section("costs", "Where it goes", element("div", *parts, class_="profiles"))


def _profile(net: Net, profile: Profile, index: int) -> Markup:
    scene = profile_scene(net, profile)
    largest = [
        element(
            "li",
            element("button", _cut(net.layers[i].node.key), type="button", data_layer=i),
            f" {profile.values[i]:,} ({share(profile.values[i], profile.total)})",
        )
        for i in profile.largest()
    ]
    return element(
        "figure",
        element("figcaption", f"{profile.title}: {profile.total:,}"),
        Markup(svg(scene, f"profile-{index}", own_style=False)),
        element("ol", *largest),
    )


def table(net: Net) -> Markup:
    """The net's table, which the page's script sorts and filters."""
    shape = columns(net.cost)
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
        cells = [_cell(column.value(row), column.numeric) for column in shape]
        body.append(element("tr", *cells, data_layer=number[id(row.layer)]))
    totals = [_cell(column.total, column.numeric) for column in shape]
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


def _cell(value: Value, numeric: bool) -> Markup:
    raw = str(value) if isinstance(value, int) else None
    return element("td", _cut(shown(value)), class_="numeric" if numeric else None, data_value=raw)


def _cut(words: str) -> str:
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
