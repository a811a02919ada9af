"""Scene -> SVG: text stays text, groups have titles, names from files are escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from caffetools.drawing.font_metrics import is_measured
from caffetools.drawing.scene import Move, Rect, Scene, SceneGroup, SceneItem, Text, flat
from caffetools.drawing.style import FONT, STYLES, Style, styled_width
from caffetools.table import printable


def svg(scene: Scene, identity: str = "drawing", own_style: bool = True) -> str:
    """Return an SVG document, or an SVG element for a page.

    Parameters
    ----------
    scene
        The drawing.
    identity
        The id of the element, and the prefix of the ids of its parts.
    own_style
        Include CSS rules for the classes, which are the names of styles.
    """
    size = f'width="{_number(scene.width)}" height="{_number(scene.height)}"'
    box = f'viewBox="0 0 {_number(scene.width)} {_number(scene.height)}"'
    labels = f'role="img" aria-labelledby="{identity}-title {identity}-description"'
    lines = [
        f'<svg id="{identity}" xmlns="http://www.w3.org/2000/svg" {size} {box} {labels}>',
        f'<title id="{identity}-title">{_text(scene.title)}</title>',
        f'<desc id="{identity}-description">{_text(scene.description)}</desc>',
    ]
    if own_style:
        used = {item.style for item, _, _ in flat(scene.items)}
        rules = css({name: STYLES[name] for name in sorted(used)}, f"#{identity} ")
        lines.append(f"<style>{rules}</style>")
    lines.extend(_lines(scene.items))
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def render(scene: Scene, form: str) -> bytes:
    """Return a scene as an SVG, PNG or PDF file."""
    if form == "svg":
        return svg(scene).encode("utf-8")
    from caffetools.drawing import raster

    return raster.png(scene) if form == "png" else raster.pdf(scene)


def css(styles: dict[str, Style], scope: str = "") -> str:
    """Return styles as CSS rules for classes within the selector `scope`."""
    rules = (f"{scope}.{name} {{ {_rule(style)} }}" for name, style in styles.items())
    return "\n".join(["", *rules, ""])


def _rule(style: Style) -> str:
    parts = [f"fill: {style.fill or 'none'}"]
    if style.stroke:
        parts.append(f"stroke: {style.stroke}")
        parts.append(f"stroke-width: {_number(style.stroke_width)}")
    if style.size:
        weight = "bold " if style.bold else ""
        parts.append(f"font: {weight}{_number(style.size)}px {FONT}")
    return "; ".join(parts)


def _lines(items: Sequence[SceneItem]) -> Iterator[str]:
    for item in items:
        if isinstance(item, SceneGroup):
            yield _open(item)
            if item.title:
                yield f"<title>{_text(item.title)}</title>"
            yield from _lines(item.items)
            yield "</g>"
        elif isinstance(item, Rect):
            yield _rect(item)
        elif isinstance(item, Text):
            yield _line_of_text(item)
        else:
            yield f'<path class="{item.style}" d="{"".join(map(_move, item.moves))}"/>'


def _open(group: SceneGroup) -> str:
    data = "".join(f' data-{name}="{_text(value)}"' for name, value in group.data)
    x, y = group.offset
    moved = f' transform="translate({_number(x)} {_number(y)})"' if x or y else ""
    return f"<g{data}{moved}>"


def _rect(item: Rect) -> str:
    place = f'x="{_number(item.x)}" y="{_number(item.y)}"'
    size = f'width="{_number(item.width)}" height="{_number(item.height)}"'
    radius = f' rx="{_number(item.radius)}"' if item.radius else ""
    opacity = f' fill-opacity="{item.opacity:.2f}"' if item.opacity != 1 else ""
    return f'<rect class="{item.style}" {place} {size}{radius}{opacity}/>'


def _line_of_text(item: Text) -> str:
    text = printable(item.text)
    anchor = f' text-anchor="{item.anchor}"' if item.anchor != "start" else ""
    fit = ""
    if not is_measured(text):  # its width depends on the viewer's fonts, so that it is scaled
        width = _number(styled_width(text, item.style))
        fit = f' textLength="{width}" lengthAdjust="spacingAndGlyphs"'
    place = f'x="{_number(item.x)}" y="{_number(item.y)}"'
    return f'<text class="{item.style}" {place}{anchor}{fit}>{escape(text)}</text>'


def _move(move: Move) -> str:
    letter = "M" if move.start else "LQC"[len(move.controls)]
    points = (*move.controls, move.end)
    return letter + " ".join(f"{_number(x)} {_number(y)}" for x, y in points)


def _number(value: float) -> str:
    """Return a coordinate to a tenth of a pixel, without a trailing zero."""
    return f"{round(value, 1) + 0:.1f}".removesuffix(".0")


def _text(text: str) -> str:
    return "&#10;".join(escape(printable(line)) for line in text.split("\n"))
