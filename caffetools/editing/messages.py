"""Make and change messages of a net that has a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from caffetools.proto import prototxt
from caffetools.proto.comments import NEW
from caffetools.proto.message import Entry, Message, Value
from caffetools.proto.printer import quoted
from caffetools.proto.source import Source


def layer_message(
    net: Message,
    kind: str,
    name: str,
    bottoms: Iterable[str],
    tops: Iterable[str],
    options: str = "",
    *,
    offset: int = NEW,
) -> Message:
    """Return a new layer of a net; `offset` is that of the layer whose comments it takes."""
    fields = [("name", name), ("type", kind)]
    fields += [("bottom", blob) for blob in bottoms] + [("top", blob) for blob in tops]
    text = " ".join(f"{field}: {quoted(value)}" for field, value in fields)
    made = prototxt.parse(Source("<new layer>", f"{text} {options}"), "LayerParameter")
    return moved(made, net.source, offset)


def moved(message: Message, source: Source, offset: int = NEW) -> Message:
    """Return a copy in another text, in which its fields have no place."""
    fields: dict[str, list[Entry]] = {
        name: [
            (moved(value, source) if isinstance(value, Message) else value, NEW)
            for value, _ in entries
        ]
        for name, entries in message.fields.items()
    }
    return Message(message.descriptor, source, offset, fields)


def shape_text(shape: Iterable[int]) -> str:
    """Return a BlobShape as text."""
    return f"shape {{ {' '.join(f'dim: {extent}' for extent in shape)} }}"


def with_layers(net: Message, layers: Iterable[Message]) -> Message:
    """Return the net with other layers."""
    return net.replaced({**net.fields, "layer": [(layer, layer.offset) for layer in layers]})


def with_values(message: Message, name: str, values: Iterable[Value]) -> Message:
    """Return the message with other values of a field, at the places of the old ones."""
    old = [offset for _, offset in message.fields.get(name, ())]
    entries = [
        (value, old[index] if index < len(old) else old[-1] if old else NEW)
        for index, value in enumerate(values)
    ]
    fields = {key: value for key, value in message.fields.items() if key != name}
    return message.replaced({**fields, **({name: entries} if entries else {})})


def without(message: Message, drop: Callable[[str], bool]) -> Message:
    """Return the message without the fields of some names, in nested messages, too."""
    fields: dict[str, list[Entry]] = {
        name: [
            (without(value, drop) if isinstance(value, Message) else value, offset)
            for value, offset in entries
        ]
        for name, entries in message.fields.items()
        if not drop(name)
    }
    return message.replaced(fields)


def all_messages(message: Message) -> Iterator[Message]:
    """Yield a message and all messages in it."""
    yield message
    for entries in message.fields.values():
        for value, _ in entries:
            if isinstance(value, Message):
                yield from all_messages(value)
