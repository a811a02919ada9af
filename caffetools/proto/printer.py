"""Message -> text: a prototxt, or protobuf's DebugString as Caffe's logs echo nets."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from caffetools.proto import layout
from caffetools.proto.message import Message, Value, Word
from caffetools.proto.schema import Field
from caffetools.proto.wire import single

_LAYERS = ("layer", "layers")
_FIRST = {
    "NetParameter": ("name",),
    "LayerParameter": (
        *("name", "type", "bottom", "top", "include", "exclude"),
        *("phase", "propagate_down", "loss_weight", "param"),
    ),
}
"""The fields that are written first, in this order; those of a net's layers come last."""

_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def prototxt(message: Message) -> str:
    """Write a net, a solver or any other message as a file, which is read as the same message."""
    return layout.text(block_of(message))


def debug_string(message: Message) -> str:
    """Write a field a line by their numbers; those that the schema does not know come last."""
    return "".join(f"{line}\n" for line in _debug_lines(message))


def block_of(message: Message) -> layout.LayoutBlock:
    """Return the fields of a message in the order in which people write them."""
    name = message.descriptor.name if message.descriptor else ""
    order = {field: rank for rank, field in enumerate(_FIRST.get(name, ()))}
    last = len(order)
    if name == "NetParameter":
        order.update(dict.fromkeys(_LAYERS, last + 1))
    fields = []
    for field in sorted(message.fields, key=lambda field: order.get(field, last)):
        known = message.descriptor.fields.get(field) if message.descriptor else None
        for value, offset in message.fields[field]:
            written = block_of(value) if isinstance(value, Message) else _scalar(value, known)
            blank = [""] if name == "NetParameter" and field in _LAYERS else []
            fields.append(layout.LayoutField(field, written, blank, offset=offset))
    return layout.LayoutBlock(fields)


def _scalar(value: Value, field: Field | None, *, debug: bool = False) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if debug:
            return _c_number(value, is_float=field is None or field.type == "float")
        return repr(value).removesuffix(".0")
    is_enum = field is not None and field.type == "enum"
    if isinstance(value, str) and not isinstance(value, Word) and not is_enum:
        return quoted(value, debug=debug)
    return quoted(value, debug=debug) if isinstance(value, bytes) else str(value)


def quoted(text: str | bytes, *, debug: bool = False) -> str:
    """Quote a text; bytes that are not UTF-8, and control characters, become octal escapes.

    A debug string escapes all but ASCII, and single quotes, too.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    return f'"{"".join(map(partial(_escaped, debug=debug), text))}"'


def _escaped(character: str, *, debug: bool) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if debug and character == "'":
        return "\\'"
    if character.isprintable() and not (debug and character > "~"):
        return character
    data = character.encode("utf-8", "surrogateescape")
    return "".join(f"\\{byte:03o}" for byte in data)


def _debug_lines(message: Message) -> Iterator[str]:
    known = message.descriptor.fields if message.descriptor else {}
    for name in sorted(message.fields, key=lambda name: _rank(known.get(name))):
        for value in message.all(name):
            if isinstance(value, Message):
                yield f"{name} {{"
                yield from (f"  {line}" for line in _debug_lines(value))
                yield "}"
            else:
                yield f"{name}: {_scalar(value, known.get(name), debug=True)}"


def _rank(field: Field | None) -> float:
    return math.inf if field is None else field.number


def _c_number(value: float, *, is_float: bool) -> str:
    """Format with as few digits as C++ does: 6 or 9 for a float, 15 or 17 for a double."""
    few, many = (6, 9) if is_float else (15, 17)
    stored = single(value) if is_float else value
    text = f"{stored:.{few}g}"
    read = single(float(text)) if is_float else float(text)
    return text if read == stored or math.isnan(stored) else f"{stored:.{many}g}"
