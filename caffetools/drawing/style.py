"""Colours, line widths and fonts of drawings, by the style names that scenes use."""

from __future__ import annotations

from typing import NamedTuple

from caffetools.drawing.font_metrics import elided, text_width

FONT = "DejaVu Sans, Verdana, sans-serif"


class Style(NamedTuple):
    """Style of a rectangle, a path or a text; None draws nothing."""

    fill: str | None = None
    stroke: str | None = None
    stroke_width: float = 1
    size: float = 0
    """Font size in pixels."""
    bold: bool = False


class Look(NamedTuple):
    """Name and colour of a family of layers (see `diagram.family`), or of a kind of log events."""

    title: str
    colour: str


INK = "#1b2733"
MUTED = "#56626e"
LINE = "#7d8995"
PAPER = "#ffffff"

FAMILIES = {
    "data": Look("data", "#6b7683"),
    "convolution": Look("convolution", "#2f6fb3"),
    "connected": Look("fully connected", "#5b4fa8"),
    "pooling": Look("pooling", "#2b8a6f"),
    "pointwise": Look("element by element", "#c07a1a"),
    "normalization": Look("normalization", "#2aa1b8"),
    "softmax": Look("softmax", "#d4679b"),
    "reshaping": Look("reshaping, selecting", "#7a8f2b"),
    "joining": Look("joining, splitting", "#8a5a9e"),
    "boxes": Look("boxes", "#8a5f3c"),
    "loss": Look("loss", "#b8405a"),
    "unknown": Look("unknown", "#9a9a9a"),
}

LINES = ("#2f6fb3", "#ff5511", "#00aa66", "#bb00ff", "#bb4400", "#8888aa", "#886666", "#bb77ee")
"""Colours of the lines of a chart or figure, in order: they stay apart for colour-blind readers."""

EVENTS = {
    "start": Look("start", "#2f6fb3"),
    "restore": Look("resumed", "#2b8a6f"),
    "resume": Look("resumed", "#2b8a6f"),
    "finetune": Look("initial weights", "#8a5a9e"),
    "snapshot": Look("snapshot", "#7d8995"),
    "done": Look("done", "#b58a00"),
    "stopped": Look("stopped", "#d0692a"),
    "interrupted": Look("stopped", "#d0692a"),
    "error": Look("error", "#b8405a"),
    "fatal": Look("error", "#b8405a"),
    "cut": Look("cut off", "#b8405a"),
}
"""Looks of events by kind; any other kind looks like an error."""

STYLES = {
    "paper": Style(fill=PAPER),
    "title": Style(fill=INK, size=16, bold=True),
    "subtitle": Style(fill=MUTED, size=11),
    "legend": Style(fill=MUTED, size=10),
    "box": Style(fill="#fbfcfd", stroke="#aab4be"),
    "name": Style(fill=INK, size=11, bold=True),
    "type": Style(fill=INK, size=10),
    "detail": Style(fill=MUTED, size=9.5),
    "shade": Style(fill="#e8862e"),
    "gauge": Style(fill="#e3e8ed"),
    "gauge-part": Style(fill="#2f4b66"),
    "link": Style(stroke=LINE, stroke_width=1.3),
    "arrow": Style(fill=LINE),
    "pill": Style(fill="#eef2f6", stroke="#d3dae1", stroke_width=0.8),
    "pill-output": Style(fill="#fdf3e7", stroke="#d9a765", stroke_width=0.8),
    "shape": Style(fill="#33414f", size=9.5),
    "source": Style(fill="#eef2f6", stroke="#d3dae1", stroke_width=0.8),
    "reference": Style(fill="#1f5a99", size=9.5),
    "frame": Style(fill="#f6f8fb", stroke="#8fa0b3", stroke_width=1.2),
    "frame-behind": Style(fill="#e9eef4", stroke="#b4c0cd"),
    "frame-title": Style(fill=INK, size=11.5, bold=True),
    "rule": Style(stroke="#d3dae1"),
    "volume-front": Style(fill="#dbe7f4", stroke="#5a7fa8"),
    "volume-top": Style(fill="#eaf1f9", stroke="#5a7fa8"),
    "volume-side": Style(fill="#bfd3e8", stroke="#5a7fa8"),
    "dense": Style(fill="#e4e1f3", stroke="#5b4fa8"),
    "kernel-face": Style(fill="#f3c9a5", stroke="#c05a1a"),
    "kernel-tip": Style(fill="#c05a1a"),
    "ray": Style(stroke="#c05a1a", stroke_width=0.7),
    "ray-dense": Style(stroke="#a9a2d0", stroke_width=0.9),
    "figure-size": Style(fill=INK, size=13, bold=True),
    "figure-name": Style(fill=INK, size=12),
    "operation": Style(fill=INK, size=11, bold=True),
    "kernel": Style(fill="#1f5a99", size=11, bold=True),
    "formula": Style(fill=INK, size=10.5),
    "extent": Style(fill=INK, size=11, bold=True),
    "tick": Style(fill=MUTED, size=10),
    "bar": Style(fill="#2f6fb3"),
    **{
        f"event-{kind}": Style(stroke=look.colour, stroke_width=1.6)
        for kind, look in EVENTS.items()
    },
    **{
        f"line-{number}": Style(stroke=colour, stroke_width=1.6)
        for number, colour in enumerate(LINES)
    },
    **{f"family-{name}": Style(fill=found.colour) for name, found in FAMILIES.items()},
}


def styled_width(text: str, style: str) -> float:
    """Return the width of a text in a style, in pixels."""
    return text_width(text, STYLES[style].size, STYLES[style].bold)


def fitted(text: str, style: str, width: float) -> str:
    """Return a text on one line, shortened in the middle to at most `width` pixels."""
    return elided(" ".join(text.split()), width, STYLES[style].size, STYLES[style].bold)
