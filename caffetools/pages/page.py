"""Net, logs and weights -> a self-contained HTML page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files

from caffetools.drawing.diagram import diagram
from caffetools.drawing.folding import namespaces
from caffetools.drawing.graph_drawing import draw_graph
from caffetools.drawing.graph_page import heading
from caffetools.drawing.style import STYLES
from caffetools.drawing.svg import css
from caffetools.formats.caffemodel import Weights
from caffetools.net.net import Net
from caffetools.pages.cost_section import cost_section
from caffetools.pages.curve_section import curve_section
from caffetools.pages.curves import curve_charts, curve_data, marks
from caffetools.pages.details import details
from caffetools.pages.log_section import CheckedLog, log_section
from caffetools.pages.markup import Markup, data_block, element, void
from caffetools.pages.net_sections import graph_section, summary, table
from caffetools.pages.paths import short_paths
from caffetools.pages.weights_section import weights_section

_SCRIPT = (
    *("start", "graph", "details", "choice", "search", "pointer", "keys", "table"),
    *("series", "axes", "chart", "curves"),
)
"""Parts of the script, each after the parts that it uses while it is loaded."""


def page(
    net: Net, name: str, logs: Sequence[CheckedLog] = (), weights: Weights | None = None
) -> str:
    """Return the page of a net; `name` is the path of its file."""
    script = _script()
    paths = [name, *(log.log.contents.name for log in logs), *([weights.path] if weights else [])]
    names = short_paths(paths)
    folded = draw_graph(net)
    whole = draw_graph(net, fold=False) if folded.repeats else None
    has_spaces = bool(namespaces(net, diagram(net)))
    spaces = draw_graph(net, spaces=True) if has_spaces else None
    sections = [
        ("summary", "Summary", summary(net, names)),
        ("net", "Graph", graph_section(net, folded, whole, spaces)),
        ("costs", "Costs", cost_section(net)),
        ("layers", "Layers", table(net)),
    ]
    contents = [log.log.contents for log in logs]
    runs, charts = curve_charts(contents)
    happened = marks(contents)
    if charts:
        sections.append(("curves", "Curves", curve_section(runs, charts, happened)))
    for index, log in enumerate(logs):
        sections.append((f"log-{index}", f"Log {index + 1}", log_section(log, index, names)))
    if weights is not None:
        sections.append(("weights", "Weights", weights_section(net, weights, names)))
    data = {"layers": details(net, names), "curves": curve_data(runs, charts, happened)}
    body = element(
        "body",
        element("a", "Skip to the graph", href="#net", class_="skip"),
        _header(net, names[name], name, [(identity, title) for identity, title, _ in sections]),
        element("main", *(content for _, _, content in sections)),
        data_block("data", data),
        element("script", Markup(script)),
    )
    head = element("head", *_head(net, script))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _head(net: Net, script: str) -> list[Markup]:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    return [
        void("meta", charset="utf-8"),
        void("meta", http_equiv="Content-Security-Policy", content=policy),
        void("meta", name="viewport", content="width=device-width, initial-scale=1"),
        void("meta", name="color-scheme", content="light dark"),
        element("title", heading(net)[0][:200]),
        element("style", Markup(css(STYLES) + _asset("page.css") + _dark_lines())),
    ]


def _header(net: Net, name: str, path: str, sections: list[tuple[str, str]]) -> Markup:
    title, totals = heading(net)
    size = element("p", f"{totals}; ", element("span", name, title=path))
    links = [element("a", words, href=f"#{identity}") for identity, words in sections]
    return element(
        "header",
        element("div", element("h1", title), size, class_="heading"),
        element("nav", *links, aria_label="Sections of this page"),
        element("button", "Light or dark", type="button", id="theme"),
    )


def _dark_lines() -> str:
    """Return CSS for lines and events on a dark background."""
    return "".join(
        f'[data-theme="dark"] .{name} {{ stroke: color-mix(in srgb, {style.stroke}, white 35%) }}\n'
        for name, style in STYLES.items()
        if name.startswith(("line-", "event-"))
    )


def _script() -> str:
    """Return the script: its parts share one scope, which the page does not see."""
    parts = "\n".join(_asset(f"script/{name}.js") for name in _SCRIPT)
    return f'"use strict";\n(() => {{\n{parts}\naddEventListener("resize", fit);\nfit();\n}})();\n'


def _asset(name: str) -> str:
    return files("caffetools.pages").joinpath(name).read_text("utf-8")
