"""A net's graph in DOT, for those who have Graphviz."""

from __future__ import annotations

from caffetools.drawing.diagram import diagram, family
from caffetools.drawing.layer_text import extents, options
from caffetools.drawing.style import FAMILIES
from caffetools.net.net import Net
from caffetools.table import printable


def dot(net: Net) -> str:
    """The whole graph, no block folded: a node a box, an edge from each blob to each reader."""
    drawing = diagram(net)
    lines = [
        f"digraph {_quoted(net.name)} {{",
        '  node [shape=box, style="rounded", fontname="DejaVu Sans", fontsize=10];',
        '  edge [fontname="DejaVu Sans", fontsize=9, color="#7d8995"];',
    ]
    for number, box in enumerate(drawing.boxes):
        layers = [net.layers[index] for index in box.layers]
        types = " + ".join(layer.node.type for layer in layers)
        words = [text for text in (layers[0].node.key, types, options(layers[0])) if text]
        colour = FAMILIES[family(layers[0])]
        lines.append(f'  n{number} [label={_quoted(*words)}, color="{colour}"];')
    for link in drawing.links:
        label = _quoted(extents(link.shape))
        tooltip = _quoted(link.name)
        lines.extend(
            f"  n{link.source} -> n{reader} [label={label}, edgetooltip={tooltip}];"
            for reader in link.readers
        )
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(*words: str) -> str:
    """Lines of text as a string of DOT, in which a backslash and a quote would mean something."""
    escaped = (printable(word).replace("\\", "\\\\").replace('"', '\\"') for word in words)
    return '"' + "\\n".join(escaped) + '"'
