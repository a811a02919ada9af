"""Net -> DOT, the language of Graphviz."""

from __future__ import annotations

from caffetools.drawing.diagram import diagram, family
from caffetools.drawing.layer_text import option_text, shape_text
from caffetools.drawing.style import FAMILIES
from caffetools.net.net import Net
from caffetools.table import printable


def dot(net: Net) -> str:
    """Return the whole graph: a node for each box, an edge from each blob to each reader."""
    drawing = diagram(net)
    lines = [
        f"digraph {_quoted(net.name)} {{",
        '  node [shape=box, style="rounded", fontname="DejaVu Sans", fontsize=10];',
        '  edge [fontname="DejaVu Sans", fontsize=9, color="#7d8995"];',
    ]
    for number, box in enumerate(drawing.boxes):
        layers = [net.known_layers[index] for index in box.layers]
        types = " + ".join(layer.node.type for layer in layers)
        label = _quoted(*filter(None, (layers[0].node.key, types, option_text(layers[0]))))
        colour = FAMILIES[family(layers[0])].colour
        lines.append(f'  n{number} [label={label}, color="{colour}"];')
    for link in drawing.links:
        label = _quoted(shape_text(link.shape))
        tooltip = _quoted(link.name)
        lines.extend(
            f"  n{link.source} -> n{reader} [label={label}, edgetooltip={tooltip}];"
            for reader in link.readers
        )
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(*words: str) -> str:
    """Return lines of text as a DOT string, with backslashes and quotes escaped."""
    escaped = (printable(word).replace("\\", "\\\\").replace('"', '\\"') for word in words)
    return '"' + "\\n".join(escaped) + '"'
