"""HTML: text is escaped in elements, attributes and data."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from hypothesis import given

from caffetools.pages.markup import Markup, data_block, element, joined, section, text, void
from tests.strategies import names


def test_elements() -> None:
    inner = element("b", "bold")
    assert element("p", "a ", inner, 3, None) == "<p>a <b>bold</b>3</p>"
    assert element("ul", (element("li", word) for word in "ab")) == "<ul><li>a</li><li>b</li></ul>"
    assert joined("<", Markup("<br>")) == "&lt;<br>"


def test_attributes() -> None:
    made = void(
        "input", class_="a", data_layer=3, hidden=True, disabled=False, title=None, name="n"
    )
    assert made == '<input class="a" data-layer="3" hidden name="n">'
    assert void("meta", http_equiv="x") == '<meta http-equiv="x">'


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("<a href='x'>&\"", "&lt;a href=&#x27;x&#x27;&gt;&amp;&quot;"),
        ("a\r\nb\tc", "a\nb    c"),
        ("\x00\udc80", "\\x00\\udc80"),
    ],
)
def test_text(words: str, expected: str) -> None:
    assert text(words) == expected


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@given(names)
def test_every_name_stays_text(name: str) -> None:
    reader = Reader()
    reader.feed(element("p", name, title=name) + "<i></i>")
    reader.close()
    assert reader.tags == ["p", "i"]
    assert [key for key, _ in reader.attributes] == ["title"]


@given(names)
def test_no_string_ends_a_block_of_data(name: str) -> None:
    block = data_block("data", [name, "</script><script>", "<!--", "\u2028"])
    start, _, rest = block.partition(">")
    assert start == '<script type="application/json" id="data"'
    content = rest.removesuffix("</script>")
    assert "<" not in content
    assert json.loads(content)[0] == name


def test_section() -> None:
    made = section("a", "A & B", element("p", "x"))
    head = '<h2 id="a-title">A &amp; B</h2>'
    assert made == f'<section id="a" aria-labelledby="a-title">{head}<p>x</p></section>'
