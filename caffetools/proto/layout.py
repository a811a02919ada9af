"""Fields and their comments -> text in the layout that `printer` and `formatter` share.

A field takes a line and each level is indented by two blanks. A message of scalars alone is put on
one line if it fits, `param { lr_mult: 1 decay_mult: 1 }`, but never a layer or its options. Several
blank lines become one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

INDENT = "  "
WIDTH = 80
"""Maximum columns of a message on one line."""


@dataclass
class LayoutBlock:
    """The fields of a message, or of a whole file."""

    fields: list[LayoutField] = field(default_factory=list)
    opening: str = ""
    """The comment after the opening bracket."""
    below: list[str] = field(default_factory=list)
    """Comments and blank lines between the last field and the end."""


@dataclass
class LayoutField:
    """A field with its value as text, or with its message."""

    name: str
    value: str | LayoutBlock
    above: list[str] = field(default_factory=list)
    """Comments and, as "", blank lines between the field before and this one."""
    trailing: str = ""
    """The comment at the end of the field's last line."""
    offset: int = -1
    """Offset of the field's name in the text that it was read from."""


def text(block: LayoutBlock) -> str:
    """The text of a file."""
    return "".join(f"{line}\n" for line in _inside(block, ""))


def _inside(block: LayoutBlock, indent: str) -> Iterator[str]:
    first = True
    for item in block.fields:
        yield from _comments(item.above, indent, first)
        yield from _field(item, indent)
        first = False
    below = list(block.below)
    while below and not below[-1]:
        below.pop()
    yield from _comments(below, indent, first)


def _comments(lines: list[str], indent: str, first: bool) -> Iterator[str]:
    """The lines with no blank one at the start of a block and no two of them together."""
    blank = first
    for line in lines:
        if line or not blank:
            yield line and indent + line
        blank = not line


def _field(item: LayoutField, indent: str) -> Iterator[str]:
    trailing = f"  {item.trailing}" if item.trailing else ""
    if isinstance(item.value, str):
        yield f"{indent}{item.name}: {item.value}{trailing}"
        return
    line = _one_line(item.name, item.value)
    if line is not None and len(indent) + len(line) <= WIDTH:
        yield f"{indent}{line}{trailing}"
        return
    opening = f"  {item.value.opening}" if item.value.opening else ""
    yield f"{indent}{item.name} {{{opening}"
    yield from _inside(item.value, indent + INDENT)
    yield f"{indent}}}{trailing}"


def _one_line(name: str, block: LayoutBlock) -> str | None:
    """The field on one line; None for what holds comments or messages, a layer or its options."""
    if block.opening or any(block.below):
        return None
    if not block.fields:
        return f"{name} {{}}"
    if name in ("layer", "layers") or name.endswith("_param"):
        return None
    parts = []
    for item in block.fields:
        if any(item.above) or item.trailing or not isinstance(item.value, str):
            return None
        parts.append(f"{item.name}: {item.value}")
    return f"{name} {{ {' '.join(parts)} }}"
