"""A sheet of images with the boxes of their objects."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

_INCHES, _DENSITY = 2.4, 120
_COLOURS = ("#e8590c", "#1c7ed6", "#2f9e44", "#ae3ec9", "#e03131", "#0c8599", "#f08c00", "#6741d9")
"""By the number of the class."""


class Mark(NamedTuple):
    """A box in units of its image, its class and what is written at it."""

    label: int
    text: str
    corners: tuple[float, ...]
    """xmin, ymin, xmax, ymax."""
    dashed: bool = False


class Picture(NamedTuple):
    """An image: its title, its pixels (H, W, 3) in RGB or (H, W) in grey, its boxes."""

    title: str
    pixels: Any
    marks: Sequence[Mark] = ()


def image_sheet(pictures: Sequence[Picture], form: str, columns: int = 4) -> bytes:
    """Return the pictures, row by row, as `png`, `svg` or `pdf`."""
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    figure = Figure(figsize=(_INCHES * columns, (_INCHES + 0.2) * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for place in axes:
        place.set_axis_off()
    for place, picture in zip(axes, pictures, strict=False):
        place.imshow(picture.pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        place.set_title(picture.title, fontsize=6.5, parse_math=False)
        height, width = picture.pixels.shape[:2]
        for mark in picture.marks:
            _draw(place, mark, width, height)
    out = io.BytesIO()
    metadata = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[form]
    figure.savefig(out, format=form, dpi=_DENSITY, metadata=metadata)
    return out.getvalue()


def _draw(axes: Any, mark: Mark, width: int, height: int) -> None:
    """Draw a box; pixels have their centres at whole numbers."""
    xmin, ymin, xmax, ymax = mark.corners
    left, top = xmin * width - 0.5, ymin * height - 0.5
    colour = _COLOURS[mark.label % len(_COLOURS)]
    sides, style = ((xmax - xmin) * width, (ymax - ymin) * height), "--" if mark.dashed else "-"
    patch = Rectangle((left, top), *sides, fill=False, edgecolor=colour, linestyle=style)
    axes.add_patch(patch)
    box = {"facecolor": colour, "edgecolor": "none", "pad": 0.8, "alpha": 0.85}
    font = {"color": "white", "fontsize": 5.5, "parse_math": False, "clip_on": True}
    axes.text(left, top, mark.text, bbox=box, verticalalignment="bottom", **font)
