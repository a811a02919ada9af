"""Whole pages: nothing asked of others, every name as text, the same each time."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from hypothesis import given as drawn_from

from caffetools.net.loading import from_text
from caffetools.pages.page import page
from tests.drawing.cases import LABELLED, residual
from tests.nets import net
from tests.strategies import nets, quoted


class Reader(HTMLParser):
    """Elements in order, ids, and whether each element that opens is closed."""

    VOID = frozenset({"meta", "input", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            if name == "id":
                self.ids.append(value or "")
            if name in {"src", "href", "action", "data", "srcset"}:
                self.references.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    assert all(reference.startswith("#") for reference in reader.references)
    assert {reference[1:] for reference in reader.references} <= set(reader.ids)
    return reader


def test_a_page_is_whole() -> None:
    text = page(net(residual(9)), "net.prototxt")
    reader = read(text)
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert [tag for tag in reader.tags if tag in {"h1", "main", "header", "nav"}] == [
        "header",
        "h1",
        "nav",
        "main",
    ]
    assert reader.tags.count("script") == 2
    assert "url(" not in text
    assert "@import" not in text


def test_only_its_own_script_may_run() -> None:
    text = page(net(residual(1)), "net.prototxt")
    script = text.rpartition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.search(r'Security-Policy" content="([^"]*)"', text)
    assert policy
    assert f"script-src &#x27;sha256-{digest}&#x27;" in policy[1]
    assert policy[1].startswith("default-src &#x27;none&#x27;;")


@drawn_from(nets())
def test_any_net_has_a_page(text: str) -> None:
    read(page(net(text), "net.prototxt"))


def test_hostile_names_are_text() -> None:
    name = "</title></script><script>alert(1)</script><!--\"'"
    made = from_text(f"name: {quoted(name)}\n{LABELLED}".replace('"loss"', quoted(name)))
    reader = read(page(made, name))
    assert reader.tags.count("script") == 2


def test_the_same_each_time() -> None:
    assert page(net(residual(5)), "n") == page(net(residual(5)), "n")


def test_blocks_that_do_not_repeat_are_drawn_once() -> None:
    assert page(net(LABELLED), "n").count('role="img"') == 1 + 3
    assert page(net(residual(9)), "n").count('role="img"') == 2 + 3
