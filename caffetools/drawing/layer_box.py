"""Pictures of the vertices of a graph: the box of a layer, and the label of a blob."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from caffetools.drawing.diagram import Box, Link, family
from caffetools.drawing.layer_text import option_text, shape_text
from caffetools.drawing.scene import Path, Picture, Rect, SceneGroup, SceneItem, Text, polyline
from caffetools.drawing.style import fitted, styled_width
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.table import shown

_WIDEST = 230.0
"""Maximum width of a line of text; a longer one is shortened in the middle."""
_MOST_LINES = 3
"""Maximum number of lines with options."""
_NARROWEST = 84
_PADDING = 11.0
_STRIPE = 4.0
_LINE = 14.0
_GAUGE = 3.0
LABEL_HEIGHT = 15.0
_NAME_GAP = 6.0
LABEL_DROP = 5.0
"""Gap between a box and the label of its blob."""


class LargestCost(NamedTuple):
    """The largest cost of any layer of a net: the darkest shade and the longest bar."""

    macs: int
    params: int


def largest_cost(net: Net) -> LargestCost:
    """Return the largest cost of any layer of a net."""
    return LargestCost(
        max((layer.macs or 0 for layer in net.known_layers), default=0),
        max((layer.owned_params for layer in net.known_layers), default=0),
    )


def box_picture(
    net: Net,
    box: Box,
    largest: LargestCost,
    min_width: float = 0,
    sources: Sequence[str] = (),
    last: Box | None = None,
) -> Picture:
    """Draw the box of a layer: name, type with those of in-place layers, options.

    Above them are the names of `sources` to which no line leads, below them the options of `last`,
    if they differ.

    The stripe shows the family, the shade the share of multiply-accumulates, the bar the share of
    parameters.
    """
    layers = [net.known_layers[index] for index in box.layers]
    lines = _lines(layers, net.known_layers[last.layers[0]] if last else layers[0])
    widest = max(styled_width(*line) for line in lines)
    named = source_names(sources)
    width = max(round(max(widest, named.width) + 2 * _PADDING + _STRIPE), _NARROWEST, min_width)
    height = len(lines) * _LINE + 12.0 + named.height
    first = layers[0]
    kind = family(first)
    items: list[SceneItem] = [Rect(0, 0, width, height, "box", 4)]
    if first.macs and largest.macs:
        shade = 0.06 + 0.6 * (first.macs / largest.macs) ** 0.5
        items.append(Rect(0, 0, width, height, "shade", 4, round(shade, 2)))
    items.append(Rect(0, 0, _STRIPE, height, f"family-{kind}", 2))
    params = sum(layer.owned_params for layer in layers)
    items.extend(_gauge(params, largest.params, width, height))
    middle = (width + _STRIPE) / 2
    items.append(SceneGroup(named.items, offset=(middle - named.width / 2, _NAME_GAP)))
    items.extend(
        Text(middle, named.height + _LINE * (line + 1) + 2, text, style, "middle")
        for line, (text, style) in enumerate(lines)
    )
    data = (("layers", " ".join(map(str, box.layers))), ("family", kind))
    return Picture(width, height, (SceneGroup(tuple(items), _tooltip(layers, params), data),))


def source_names(names: Sequence[str]) -> Picture:
    """Draw the names of the sources of a vertex to which no line leads, in rows."""
    items: list[SceneItem] = []
    x = y = widest = 0.0
    for name in names:
        text = f"{fitted(name, 'reference', 130)} →"
        width = styled_width(text, "reference") + 12
        if x and x + width > _WIDEST:
            x, y = 0.0, y + LABEL_HEIGHT + _NAME_GAP
        items.append(Rect(x, y, width, LABEL_HEIGHT, "source", LABEL_HEIGHT / 2))
        items.append(Text(x + width / 2, y + 11, text, "reference", "middle"))
        x += width + _NAME_GAP
        widest = max(widest, x - _NAME_GAP)
    return Picture(widest, y + LABEL_HEIGHT + _NAME_GAP if names else 0.0, tuple(items))


def _gauge(params: int, largest: int, width: float, height: float) -> list[SceneItem]:
    if not params or not largest:
        return []
    left, full = _STRIPE + 4, width - _STRIPE - 8
    y = height - _GAUGE - 1.5
    part = max(full * params / largest, 1.5)
    return [
        Rect(left, y, full, _GAUGE, "gauge", 1.5),
        Rect(left, y, round(part, 1), _GAUGE, "gauge-part", min(1.5, part / 2)),
    ]


def _lines(layers: Sequence[InferredLayer], last: InferredLayer) -> list[tuple[str, str]]:
    """Return the lines of a box, each with its style; `last` is the last of several such layers."""
    first = layers[0]
    types = " + ".join(layer.node.type for layer in layers)
    lines = [(first.node.key, "name"), (types, "type")]
    options, ends = option_text(first), option_text(last)
    lines.extend((line, "detail") for line in _wrapped(options))
    if ends != options:
        lines.extend((line, "detail") for line in _wrapped(f"… {ends}"))
    owner = next((blob.owner for blob in first.params if blob.owner is not None), None)
    if owner is not None:
        lines.append((f"parameters of {owner}", "detail"))
    return [(fitted(text, style, _WIDEST), style) for text, style in lines if text]


def _wrapped(text: str) -> list[str]:
    """Return options in at most `_MOST_LINES` lines, split after commas."""
    lines: list[str] = []
    for part in text.split(", "):
        joined = f"{lines[-1]}, {part}" if lines else part
        full = styled_width(joined, "detail") > _WIDEST and len(lines) < _MOST_LINES
        if lines and not full:
            lines[-1] = joined
        else:
            lines.append(part)
    return lines


def _tooltip(layers: Sequence[InferredLayer], params: int) -> str:
    first, *in_place = layers
    lines = [f"{first.node.key} ({first.node.type})", option_text(first)]
    lines.extend(f"in place: {layer.node.key} ({layer.node.type})" for layer in in_place)
    lines.append(f"{shown(params)} parameters" if params else "")
    lines.append(f"{shown(first.macs)} multiply-accumulates" if first.macs else "")
    return "\n".join(filter(None, lines))


class BlobLabel(NamedTuple):
    """The label of a blob: its shape, after its name if the box produces several blobs."""

    text: str
    width: float
    style: str
    onward: str = ""
    """Names of the readers to which no line leads."""


def blob_label(
    link: Link, named: bool, shape: str | None = None, onward: Sequence[str] = ()
) -> BlobLabel:
    """Return the label of a blob; `shape` overrides the text of its shape.

    `onward` are the names of the readers to which no line leads.
    """
    text = shape_text(link.shape) if shape is None else shape
    if named:
        text = f"{fitted(link.name, 'shape', 110)}  {text}"
    width = styled_width(text, "shape") + 12
    names = fitted(f"→ {', '.join(onward)}", "reference", 130) if onward else ""
    if names:
        width += styled_width(names, "reference") + _NAME_GAP
    return BlobLabel(text, round(width, 1), "pill-output" if link.is_output else "pill", names)


def label_items(label: BlobLabel, x: float, bottom: float) -> list[SceneItem]:
    """Draw a label with its center at `x`, and the line from the box down to it."""
    top = bottom - LABEL_HEIGHT
    right = x + label.width / 2
    onward = styled_width(label.onward, "reference") + _NAME_GAP if label.onward else 0.0
    return [
        polyline([(x, top - LABEL_DROP), (x, top)], "link"),
        Rect(x - label.width / 2, top, label.width, LABEL_HEIGHT, label.style, LABEL_HEIGHT / 2),
        Text(x - onward / 2, top + 11, label.text, "shape", "middle"),
        *([Text(right - 6, top + 11, label.onward, "reference", "end")] if label.onward else ()),
    ]


def arrow_head(x: float, y: float) -> Path:
    """Draw an arrow head that points down to a position."""
    return polyline([(x, y), (x - 3.2, y - 6.5), (x + 3.2, y - 6.5), (x, y)], "arrow")


def link_tooltip(link: Link, readers: Sequence[str]) -> str:
    """Return the name, shape and readers of a link."""
    end = f"read by {', '.join(readers)}" if readers else "an output"
    return f"{link.name}: {shape_text(link.shape)}, {end}"
