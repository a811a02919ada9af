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
from caffetools.pages.details import details
from caffetools.pages.log_section import CheckedLog, log_section
from caffetools.pages.markup import Markup, data_block, element, void
from caffetools.pages.net_sections import SWATCHES, graph_section, summary, table
from caffetools.pages.weights_section import weights_section

_SCRIPT = ("start", "graph", "details", "choice", "search", "pointer", "keys", "table", "curves")
"""Parts of the script, each after the parts that it uses while it is loaded."""


def page(
    net: Net, name: str, logs: Sequence[CheckedLog] = (), weights: Weights | None = None
) -> str:
    """Return the page of a net; `name` is the path of its file."""
    script = _script()
    folded = draw_graph(net)
    whole = draw_graph(net, fold=False) if folded.repeats else None
    has_spaces = bool(namespaces(net, diagram(net)))
    spaces = draw_graph(net, spaces=True) if has_spaces else None
    sections = [
        ("summary", "Summary", summary(net)),
        ("net", "Graph", graph_section(net, folded, whole, spaces)),
        ("costs", "Costs", cost_section(net)),
        ("layers", "Layers", table(net)),
    ]
    for index, log in enumerate(logs):
        sections.append((f"log-{index}", f"Log {index + 1}", log_section(log, index)))
    if weights is not None:
        sections.append(("weights", "Weights", weights_section(net, weights)))
    body = element(
        "body",
        element("a", "Skip to the graph", href="#net", class_="skip"),
        _header(net, name, [(identity, title) for identity, title, _ in sections]),
        element("main", *(content for _, _, content in sections)),
        data_block("data", {"layers": details(net)}),
        element("script", Markup(script)),
    )
    head = element("head", *_head(net, script))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _head(net: Net, script: str) -> list[Markup]:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return [
        void("meta", charset="utf-8"),
        void("meta", http_equiv="Content-Security-Policy", content=policy),
        void("meta", name="viewport", content="width=device-width, initial-scale=1"),
        void("meta", name="color-scheme", content="light dark"),
        element("title", heading(net)[0][:200]),
        element("style", Markup(css(STYLES) + _swatches() + _asset("page.css"))),
    ]


def _header(net: Net, name: str, sections: list[tuple[str, str]]) -> Markup:
    title, totals = heading(net)
    links = [element("a", words, href=f"#{identity}") for identity, words in sections]
    return element(
        "header",
        element("div", element("h1", title), element("p", f"{totals}; {name}"), class_="heading"),
        element("nav", *links, aria_label="Sections of this page"),
        element("button", "Light or dark", type="button", id="theme"),
    )


def _swatches() -> str:
    """Return CSS for the colours of the legend."""
    return "".join(f".swatch.{name} {{ background: {STYLES[name].fill} }}\n" for name in SWATCHES)


def _script() -> str:
    """Return the script: its parts share one scope, which the page does not see."""
    parts = "\n".join(_asset(f"script/{name}.js") for name in _SCRIPT)
    return f'"use strict";\n(() => {{\n{parts}\naddEventListener("resize", fit);\nfit();\n}})();\n'


def _asset(name: str) -> str:
    return files("caffetools.pages").joinpath(name).read_text("utf-8")
