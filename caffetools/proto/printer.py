"""Message -> prototxt text."""

from __future__ import annotations

from caffetools.proto import layout
from caffetools.proto.message import Message, Value, Word
from caffetools.proto.schema import Field

_LAYERS = ("layer", "layers")
_FIRST = {
    "NetParameter": ("name",),
    "LayerParameter": (
        "name",
        "type",
        "bottom",
        "top",
        "include",
        "exclude",
        "phase",
        "propagate_down",
        "loss_weight",
        "param",
    ),
}
"""The fields that people write first, in this order; those of a net's layers come last."""

_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def prototxt(message: Message) -> str:
    """The text of a net, a solver or any other message as a file.

    Read again it is the same message, but for where its fields stand.
    """
    return layout.text(_block(message))


def _block(message: Message) -> layout.Block:
    name = message.descriptor.name if message.descriptor else ""
    order = {field: rank for rank, field in enumerate(_FIRST.get(name, ()))}
    last = len(order)
    if name == "NetParameter":
        order.update(dict.fromkeys(_LAYERS, last + 1))
    fields = []
    for field in sorted(message.fields, key=lambda field: order.get(field, last)):
        known = message.descriptor.fields.get(field) if message.descriptor else None
        for value in message.all(field):
            written = _block(value) if isinstance(value, Message) else _scalar(value, known)
            blank = [""] if name == "NetParameter" and field in _LAYERS else []
            fields.append(layout.Field(field, written, blank))
    return layout.Block(fields)


def _scalar(value: Value, field: Field | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, bytes):
        return quoted(value.decode("utf-8", "surrogateescape"))
    if isinstance(value, str):
        is_word = isinstance(value, Word) or (field is not None and field.type == "enum")
        return value if is_word else quoted(value)
    return str(value)


def _number(value: float) -> str:
    """The shortest decimal that is the number, without a point where it is whole."""
    return repr(value).removesuffix(".0")


def quoted(text: str) -> str:
    """The text in quotes; bytes that are not UTF-8, and control characters, as octal escapes."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    data = character.encode("utf-8", "surrogateescape")
    return "".join(f"\\{byte:03o}" for byte in data)
