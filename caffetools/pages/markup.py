"""HTML elements; all text that is not Markup is escaped."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from typing import TypeAlias

from caffetools.table import printable

_LONGEST = 200


class Markup(str):
    """Text that is already HTML."""

    __slots__ = ()


Content: TypeAlias = "str | int | Iterable[Markup] | None"


def element(tag: str, /, *content: Content, **attributes: str | int | bool | None) -> Markup:
    """Return an element with its content. Attributes are spelled `class_` and `data_layer`.

    True makes an attribute without a value; False or None leaves it out.
    """
    return Markup(f"<{tag}{_attributes(attributes)}>{joined(*content)}</{tag}>")


def section(identity: str, title: str, *content: Markup) -> Markup:
    """Return a section of a page with its heading."""
    head = element("h2", title, id=f"{identity}-title")
    return element("section", head, *content, id=identity, aria_labelledby=f"{identity}-title")


def folded(title: str, *content: Markup, is_open: bool = False) -> Markup:
    """Return content that its title shows and hides."""
    return element("details", element("summary", title), *content, open=is_open)


def cut(words: str) -> str:
    """Return a text of at most 200 characters; the details of the layer show it in full."""
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"


def void(tag: str, /, **attributes: str | int | bool | None) -> Markup:
    """Return an element without content, such as `input`."""
    return Markup(f"<{tag}{_attributes(attributes)}>")


def joined(*content: Content) -> Markup:
    """Concatenate text and markup."""
    return Markup("".join(map(_piece, content)))


def _piece(content: Content) -> str:
    if content is None:
        return ""
    if isinstance(content, Markup):
        return str(content)
    if isinstance(content, str | int):
        return text(str(content))
    return "".join(content)


def text(words: str) -> Markup:
    """Escape a text; line ends are kept, other unprintable characters are written as escapes."""
    lines = words.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    return Markup("\n".join(escape(printable(line)) for line in lines))


def _attributes(attributes: dict[str, str | int | bool | None]) -> str:
    parts = []
    for name, value in attributes.items():
        spelled = name.rstrip("_").replace("_", "-")
        if value is True:
            parts.append(f" {spelled}")
        elif value is not None and value is not False:
            parts.append(f' {spelled}="{text(str(value))}"')
    return "".join(parts)


def data_block(identity: str, data: object) -> Markup:
    """Return a block of data for the script of a page. No string in it can end the block."""
    written = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for mark in "<>&":
        written = written.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(f'<script type="application/json" id="{identity}">{written}</script>')
