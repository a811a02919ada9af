"""Scene -> PNG and PDF with matplotlib; a pixel of the scene is a point of the page."""

from __future__ import annotations

import io
import warnings
from typing import Any, Literal

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path as Curve
from matplotlib.text import Text as Label

from caffetools.drawing.scene import Anchor, Path, Point, Primitive, Rect, Scene, Text, flat
from caffetools.drawing.style import STYLES, Style
from caffetools.table import printable

_POINTS = 72
"""Points per inch."""
_DENSITY = 144
"""Dots of a PNG per inch: two for each pixel of the scene."""
_MAX_DOTS = 60_000_000
"""Maximum number of dots of a PNG; a larger drawing has a lower density."""
_MAX_SIDE = 14_400
"""Maximum side of a PDF page in points (PDF 1.7, annex C)."""

_ALIGNMENTS: dict[Anchor, Literal["left", "center", "right"]] = {
    "start": "left",
    "middle": "center",
    "end": "right",
}
_CODES = {0: [Curve.LINETO], 1: [Curve.CURVE3] * 2, 2: [Curve.CURVE4] * 3}


def png(scene: Scene) -> bytes:
    """Return a PNG with two dots per pixel, or fewer if the drawing is very large."""
    most = (_MAX_DOTS / (scene.width * scene.height)) ** 0.5 * _POINTS
    longest = 65_000 / max(scene.width, scene.height) * _POINTS
    return _saved(scene, 1, "png", dpi=min(_DENSITY, most, longest))


def pdf(scene: Scene) -> bytes:
    """Return a PDF of one page."""
    scale = min(1.0, _MAX_SIDE / max(scene.width, scene.height))
    return _saved(scene, scale, "pdf", metadata={"CreationDate": None, "Title": scene.title})


def _saved(scene: Scene, scale: float, form: str, **options: Any) -> bytes:
    inches = scale / _POINTS
    figure = Figure(figsize=(scene.width * inches, scene.height * inches))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, scene.width)
    axes.set_ylim(scene.height, 0)
    axes.set_axis_off()
    for order, (item, x, y) in enumerate(flat(scene.items)):
        artist = _artist(item, x, y, scale)
        artist.set_zorder(order)
        artist.set_clip_on(False)
        axes.add_artist(artist)
    out = io.BytesIO()
    with warnings.catch_warnings():
        # DejaVu Sans lacks some scripts and shows a frame for them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(out, format=form, **options)
    return out.getvalue()


def _artist(item: Primitive, x: float, y: float, scale: float) -> Any:
    style = STYLES[item.style]
    if isinstance(item, Rect):
        return _rect(item, style, x, y, scale)
    if isinstance(item, Text):
        return _text(item, style, x, y, scale)
    return _path(item, style, x, y, scale)


def _look(style: Style, scale: float) -> dict[str, Any]:
    return {
        "facecolor": style.fill or "none",
        "edgecolor": style.stroke or "none",
        "linewidth": style.stroke_width * scale if style.stroke else 0,
    }


def _rect(item: Rect, style: Style, x: float, y: float, scale: float) -> FancyBboxPatch:
    radius = min(item.radius, item.width / 2, item.height / 2)
    rounded = f"round,pad=0,rounding_size={radius}" if radius else "square,pad=0"
    corner = (item.x + x, item.y + y)
    look = _look(style, scale)
    if style.fill and item.opacity != 1:
        look["facecolor"] = (style.fill, item.opacity)
    return FancyBboxPatch(corner, item.width, item.height, boxstyle=rounded, **look)


def _path(item: Path, style: Style, x: float, y: float, scale: float) -> PathPatch:
    points: list[Point] = []
    codes: list[Any] = []
    for move in item.moves:
        points.extend((px + x, py + y) for px, py in (*move.controls, move.end))
        codes.extend([Curve.MOVETO] if move.start else _CODES[len(move.controls)])
    return PathPatch(Curve(points, codes), **_look(style, scale))


def _text(item: Text, style: Style, x: float, y: float, scale: float) -> Any:
    return Label(
        item.x + x,
        item.y + y,
        printable(item.text),
        color=style.fill,
        fontsize=style.size * scale,
        fontfamily="DejaVu Sans",
        fontweight="bold" if style.bold else "normal",
        horizontalalignment=_ALIGNMENTS[item.anchor],
        verticalalignment="baseline",
        parse_math=False,
    )
