"""What a vertex of the drawing looks like: a layer's box, and the label of a blob."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from caffetools.drawing.diagram import Box, Link, family
from caffetools.drawing.font_metrics import elided, text_width
from caffetools.drawing.layer_text import extents, options
from caffetools.drawing.scene import Path, Rect, SceneGroup, SceneItem, Text, polygon
from caffetools.drawing.style import STYLES
from caffetools.layers.base import dims
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.table import shown

_WIDEST = 230.0
"""A line of text in a box; a longer one is shortened in the middle."""
_NARROWEST = 84
_PADDING = 11.0
_STRIPE = 4.0
_LINE = 14.0
_GAUGE = 3.0
LABEL_HEIGHT = 15.0
LABEL_DROP = 5.0
"""Of a blob's label below its box."""


class Picture(NamedTuple):
    """Things drawn from the top left corner of their own."""

    width: float
    height: float
    items: tuple[SceneItem, ...]


class LargestCost(NamedTuple):
    """The most that any layer of the net has: the darkest shade and the longest bar."""

    macs: int
    params: int


def scale(net: Net) -> LargestCost:
    """The scale of a net's shades and bars."""
    return LargestCost(
        max((layer.macs or 0 for layer in net.layers), default=0),
        max((layer.owned_params for layer in net.layers), default=0),
    )


def box_figure(net: Net, box: Box, most: LargestCost, least: float = 0) -> Picture:
    """A layer's box: its name, its type with those that work in place, what it is told to do.

    The stripe tells the family, the shade the share of multiply-accumulates, the bar the share of
    parameters. It is at least as wide as told.
    """
    layers = [net.layers[index] for index in box.layers]
    lines = _lines(layers)
    widest = max(text_width(text, *_font(style)) for text, style in lines)
    width = max(round(widest + 2 * _PADDING + _STRIPE), _NARROWEST, least)
    height = len(lines) * _LINE + 12.0
    first = layers[0]
    kind = family(first)
    items: list[SceneItem] = [Rect(0, 0, width, height, "box", 4)]
    if first.macs and most.macs:
        shade = 0.06 + 0.6 * (first.macs / most.macs) ** 0.5
        items.append(Rect(0, 0, width, height, "shade", 4, round(shade, 2)))
    items.append(Rect(0, 0, _STRIPE, height, f"family-{kind}", 2))
    items.extend(_gauge(sum(layer.owned_params for layer in layers), most.params, width, height))
    middle = (width + _STRIPE) / 2
    items.extend(
        Text(middle, _LINE * (line + 1) + 2, text, style, "middle")
        for line, (text, style) in enumerate(lines)
    )
    data = (("layers", " ".join(map(str, box.layers))), ("family", kind))
    return Picture(width, height, (SceneGroup(tuple(items), _told(layers), data),))


def _gauge(params: int, most: int, width: float, height: float) -> list[SceneItem]:
    if not params or not most:
        return []
    left, full = _STRIPE + 4, width - _STRIPE - 8
    y = height - _GAUGE - 1.5
    part = max(full * params / most, 1.5)
    return [
        Rect(left, y, full, _GAUGE, "gauge", 1.5),
        Rect(left, y, round(part, 1), _GAUGE, "gauge-part", min(1.5, part / 2)),
    ]


def _lines(layers: Sequence[InferredLayer]) -> list[tuple[str, str]]:
    first, *in_place = layers
    types = " + ".join((first.node.type, *(layer.node.type for layer in in_place)))
    lines = [(first.node.key, "name"), (types, "type"), (options(first), "detail")]
    sharing = next((blob.owner for blob in first.params if blob.owner is not None), None)
    if sharing is not None:
        lines.append((f"parameters of {sharing}", "detail"))
    return [
        (elided(_one_line(text), _WIDEST, *_font(style)), style) for text, style in lines if text
    ]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _font(style: str) -> tuple[float, bool]:
    return STYLES[style].size, STYLES[style].bold


def _told(layers: Sequence[InferredLayer]) -> str:
    """A box in words."""
    first, *in_place = layers
    lines = [f"{first.node.key} ({first.node.type})", options(first)]
    lines.extend(f"in place: {layer.node.key} ({layer.node.type})" for layer in in_place)
    params = sum(layer.owned_params for layer in layers)
    if params:
        lines.append(f"{shown(params)} parameters")
    if first.macs:
        lines.append(f"{shown(first.macs)} multiply-accumulates")
    return "\n".join(line for line in lines if line)


class Label(NamedTuple):
    """A blob's label: the shape, behind the name where the box makes more than one."""

    text: str
    width: float
    style: str


def label(link: Link, named: bool, shape: str | None = None) -> Label:
    """The label of a blob; `shape` in place of its own where it stands for several."""
    text = extents(link.shape) if shape is None else shape
    if named:
        text = f"{elided(_one_line(link.name), 110, *_font('shape'))}  {text}"
    width = text_width(text, *_font("shape")) + 12
    return Label(text, round(width, 1), "pill-output" if link.is_output else "pill")


def label_items(made: Label, x: float, bottom: float) -> list[SceneItem]:
    """The label with its middle at `x`, and the line down to it from the box."""
    top = bottom - LABEL_HEIGHT
    return [
        polygon([(x, top - LABEL_DROP), (x, top)], "link"),
        Rect(x - made.width / 2, top, made.width, LABEL_HEIGHT, made.style, LABEL_HEIGHT / 2),
        Text(x, top + 11, made.text, "shape", "middle"),
    ]


def arrow(x: float, y: float) -> Path:
    """The head of an arrow that points down to a place."""
    return polygon([(x, y), (x - 3.2, y - 6.5), (x + 3.2, y - 6.5), (x, y)], "arrow")


def link_told(link: Link, readers: Sequence[str]) -> str:
    """A link in words."""
    shape = "unknown" if link.shape is None else dims(link.shape)
    to = ", ".join(readers)
    return f"{link.name}: {shape}" + (f", read by {to}" if readers else ", an output")
