"""Message -> the text that protobuf's DebugString makes of it, in which Caffe's logs echo nets."""

from __future__ import annotations

import math
from collections.abc import Iterator

from caffetools.proto.message import Message, Value, Word
from caffetools.proto.schema import Field
from caffetools.proto.wire import single

_ESCAPES = {10: "\\n", 13: "\\r", 9: "\\t", 34: '\\"', 39: "\\'", 92: "\\\\"}


def debug_string(message: Message) -> str:
    """The fields by their numbers, one a line; those that the schema does not know come last."""
    return "".join(f"{line}\n" for line in _lines(message))


def _lines(message: Message) -> Iterator[str]:
    known = message.descriptor.fields if message.descriptor else {}
    for name in sorted(message.fields, key=lambda name: _rank(known.get(name))):
        for value in message.all(name):
            if isinstance(value, Message):
                yield f"{name} {{"
                yield from (f"  {line}" for line in _lines(value))
                yield "}"
            else:
                yield f"{name}: {_scalar(value, known.get(name))}"


def _rank(field: Field | None) -> float:
    return math.inf if field is None else field.number


def _scalar(value: Value, field: Field | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value, is_float=field is None or field.type == "float")
    if isinstance(value, str):
        is_word = isinstance(value, Word) or (field is not None and field.type == "enum")
        return value if is_word else _quoted(value.encode("utf-8", "surrogateescape"))
    return _quoted(value) if isinstance(value, bytes) else str(value)


def _number(value: float, *, is_float: bool) -> str:
    """As few digits as C++ needs: 6 or 9 for a float, 15 or 17 for a double."""
    few, many = (6, 9) if is_float else (15, 17)
    stored = single(value) if is_float else value
    text = f"{stored:.{few}g}"
    read = single(float(text)) if is_float else float(text)
    return text if read == stored or math.isnan(stored) else f"{stored:.{many}g}"


def _quoted(data: bytes) -> str:
    return '"' + "".join(map(_escaped, data)) + '"'


def _escaped(byte: int) -> str:
    if byte in _ESCAPES:
        return _ESCAPES[byte]
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"
