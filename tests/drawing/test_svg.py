"""SVG as text: well formed, names as text, numbers short."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given

from caffetools.drawing.scene import Move, Path, Rect, Scene, SceneGroup, Text
from caffetools.drawing.style import STYLES
from caffetools.drawing.svg import css, render, svg
from tests.strategies import names

SPACE = "{http://www.w3.org/2000/svg}"


def drawn(*items: Rect | Text | Path | SceneGroup, **options: object) -> str:
    return svg(Scene(100, 50.25, "title", "description", items), **options)  # type: ignore[arg-type]


SVG_TAG = (
    '<svg id="drawing" xmlns="http://www.w3.org/2000/svg" width="100" height="50.2" '
    'viewBox="0 0 100 50.2" role="img" aria-labelledby="drawing-title drawing-description">'
)


def test_a_whole_drawing() -> None:
    moves = (Move((0, 0.04), start=True), Move((1, 2)), Move((3, 4), ((1, 3),)))
    text = drawn(
        Rect(1.26, -0.04, 30, 4, "box", 2, 0.5),
        SceneGroup(
            (Path((*moves, Move((5, 6), ((3, 5), (5, 5)))), "link"),), "a", (("blob", "b"),)
        ),
        Text(5, 6, "words", "name", "middle"),
        own_style=False,
    )
    assert text.splitlines() == [
        SVG_TAG,
        '<title id="drawing-title">title</title>',
        '<desc id="drawing-description">description</desc>',
        '<rect class="box" x="1.3" y="0" width="30" height="4" rx="2" fill-opacity="0.50"/>',
        '<g data-blob="b">',
        "<title>a</title>",
        '<path class="link" d="M0 0L1 2Q1 3 3 4C3 5 5 5 5 6"/>',
        "</g>",
        '<text class="name" x="5" y="6" text-anchor="middle">words</text>',
        "</svg>",
    ]


def test_only_styles_in_use_are_written() -> None:
    text = drawn(Rect(0, 0, 1, 1, "paper"))
    assert "<style>\n#drawing .paper { fill: #ffffff }\n</style>" in text


def test_css() -> None:
    assert css({"link": STYLES["link"]}) == (
        "\n.link { fill: none; stroke: #7d8995; stroke-width: 1.3 }\n"
    )
    assert "font: bold 11px DejaVu Sans, Verdana, sans-serif" in css({"name": STYLES["name"]})


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "\"&'", "a]]>b", "\x00\x1b\udc80"])
def test_names_are_text(text: str) -> None:
    root = ET.fromstring(drawn(SceneGroup((Text(0, 0, text, "name"),), text, (("blob", text),))))
    assert [child.tag for child in root] == [
        SPACE + name for name in ("title", "desc", "style", "g")
    ]
    group = root[3]
    assert group[1].text == group[0].text == group.get("data-blob")
    assert group[1].text == text.replace("\x00\x1b\udc80", "\\x00\\x1b\\udc80")


def test_the_lines_of_a_tooltip_are_lines() -> None:
    root = ET.fromstring(drawn(SceneGroup((), "conv1\n34,944 parameters")))
    assert root[3][0].text == "conv1\n34,944 parameters"


@given(names)
def test_every_name_makes_a_drawing_that_parses(name: str) -> None:
    ET.fromstring(drawn(SceneGroup((Text(0, 0, name, "name"),), name, (("blob", name),))))


def test_what_the_font_may_lack_is_squeezed_into_its_place() -> None:
    assert "textLength" not in drawn(Text(0, 0, "conv1", "name"))
    assert 'textLength="22" lengthAdjust="spacingAndGlyphs"' in drawn(Text(0, 0, "卷卷", "name"))


@pytest.mark.parametrize(
    ("form", "start"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF")]
)
def test_render(form: str, start: bytes) -> None:
    assert render(Scene(10, 10, "title", "words", ()), form).startswith(start)
