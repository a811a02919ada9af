"""Message -> text with the comments and the order of the text that it was read from."""

from __future__ import annotations

from collections.abc import Iterator

from caffetools.proto import layout
from caffetools.proto.formatter import layout_of
from caffetools.proto.layout import LayoutBlock, LayoutField
from caffetools.proto.message import Message
from caffetools.proto.printer import block_of

NEW = -1
"""Offset of a field that the text does not have: it is written after those that it has."""

_LAYERS = ("layer", "layers")


def with_comments(message: Message) -> str:
    """Write a net, possibly upgraded or edited, as its author would.

    Fields have the order, the comments and the blank lines of the text; those of what was removed
    are removed. A net of a binary file is written as `printer.prototxt` does.
    """
    block = block_of(message)
    if message.source.text:
        written = layout_of(message.source)
        authored = {field.offset: field for field in reversed(list(_fields(written)))}
        is_loose = any("" in field.above for field in written.fields if field.name in _LAYERS)
        _adopt(block, written, authored)
        layers = [field for field in block.fields if field.name in _LAYERS]
        for layer in layers:
            layer.above = layer.above if layer.above != [""] or is_loose else []
        others = [field for field in block.fields if field.name not in _LAYERS]
        block.fields = [*_in_order(others), *layers]
    return layout.text(block)


def _fields(block: LayoutBlock) -> Iterator[LayoutField]:
    """Yield the fields of a block and of all blocks in it."""
    for field in block.fields:
        yield field
        if isinstance(field.value, LayoutBlock):
            yield from _fields(field.value)


def _adopt(block: LayoutBlock, written: LayoutBlock, authored: dict[int, LayoutField]) -> None:
    """Copy comments from a block of the text; each is taken once."""
    block.opening, block.below = written.opening, written.below
    for field in block.fields:
        found = authored.pop(field.offset, None)
        if found is not None:
            field.above, field.trailing = found.above, found.trailing
        if isinstance(field.value, LayoutBlock):
            inner = found.value if found and isinstance(found.value, LayoutBlock) else LayoutBlock()
            _adopt(field.value, inner, authored)
            field.value.fields = _in_order(field.value.fields)


def _in_order(fields: list[LayoutField]) -> list[LayoutField]:
    return sorted(fields, key=lambda field: (field.offset == NEW, field.offset))
