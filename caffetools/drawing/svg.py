"""Scene -> SVG: text stays text, groups have titles, names from files stay names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from caffetools.drawing.font_metrics import is_measured, text_width
from caffetools.drawing.scene import Move, Path, Rect, Scene, SceneGroup, SceneItem, Text, flat
from caffetools.drawing.style import FONT, STYLES, Style
from caffetools.table import printable


def svg(scene: Scene, identity: str = "drawing", own_style: bool = True) -> str:
    """The text of an SVG document, or of an element for a page.

    `identity` is its id and starts those of its parts. Without `own_style` the page around it says
    what its classes, which are the names of styles, look like.
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


def css(styles: dict[str, Style], scope: str = "") -> str:
    """The styles as rules for classes, of what `scope` selects alone."""
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
            yield f'<path class="{item.style}" d="{_path(item)}"/>'


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
    if not is_measured(text):  # how wide it is depends on the reader's fonts: have it squeezed
        width = text_width(text, STYLES[item.style].size, STYLES[item.style].bold)
        fit = f' textLength="{_number(width)}" lengthAdjust="spacingAndGlyphs"'
    place = f'x="{_number(item.x)}" y="{_number(item.y)}"'
    return f'<text class="{item.style}" {place}{anchor}{fit}>{escape(text)}</text>'


def _path(path: Path) -> str:
    return "".join(map(_move, path.moves))


def _move(move: Move) -> str:
    letter = "M" if move.start else "LQC"[len(move.controls)]
    points = (*move.controls, move.end)
    return letter + " ".join(f"{_number(x)} {_number(y)}" for x, y in points)


def _number(value: float) -> str:
    """A coordinate to a tenth of a pixel, without a needless zero."""
    return f"{round(value, 1) + 0:.1f}".removesuffix(".0")


def _text(text: str) -> str:
    return escape(printable(text))
