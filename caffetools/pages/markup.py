"""HTML that is made of elements: what is no markup is escaped, whatever it is called."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from typing import TypeAlias

from caffetools.table import printable


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Content: TypeAlias = "str | int | Iterable[Markup] | None"


def element(tag: str, /, *content: Content, **attributes: str | int | bool | None) -> Markup:
    """An element with what is in it. Attributes are spelled `class_` and `data_layer`.

    An attribute that is True stands there without a value, one that is False or None not at all.
    """
    return Markup(f"<{tag}{_attributes(attributes)}>{joined(*content)}</{tag}>")


def void(tag: str, /, **attributes: str | int | bool | None) -> Markup:
    """An element that holds nothing, such as `input`."""
    return Markup(f"<{tag}{_attributes(attributes)}>")


def joined(*content: Content) -> Markup:
    """Pieces of text and markup, one after the other."""
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
    """Words as they are to be read; line ends stay, other marks that cannot be seen are told."""
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
    """Data for a page's script. No string in it can end the block."""
    written = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for mark in "<>&":
        written = written.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(f'<script type="application/json" id="{identity}">{written}</script>')
