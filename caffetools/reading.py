"""A path -> the net in it, in today's form: from a net's text, a solver's, or a .caffemodel."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from caffetools import binary, prototxt
from caffetools.errors import CaffeToolsError, Location, Note
from caffetools.message import Entry, Message
from caffetools.notes import Notes
from caffetools.solver import added_state, is_solver, net_field, resolve
from caffetools.source import BinarySource, Source, decode, mapped, shown_name
from caffetools.upgrade import upgrade

_TEXT = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s|#[^\r\n]*[\r\n])*[A-Za-z_]\w*\s*[:{<\[]")
"""How a prototxt with a field begins, and a .caffemodel never does."""

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_HEAD = 4096
"""Bytes that are looked at to tell text from binary."""

_OTHER_FORMATS = {
    b"\x89HDF": "this is an HDF5 file: it holds weights and no net",
    b"\xff\xfe": "this is UTF-16 text: save it as UTF-8",
    b"\xfe\xff": "this is UTF-16 text: save it as UTF-8",
}
"""Binary files that are taken for nets, by how they begin."""


class LoadedNet(NamedTuple):
    """A net as its files give it, and what they add to the state that the user asks for."""

    message: Message
    """In today's form."""
    stages: tuple[str, ...]
    level: int
    """0 unless a solver, or the net of one, asks for another."""
    notes: tuple[Note, ...]


def read_net(path: str | os.PathLike[str], phase: str = "TRAIN") -> LoadedNet:
    """The net in the file at `path`, or in standard input for `-`.

    Of a solver it is the net that it trains in the phase TRAIN, or the first that it tests in the
    phase TEST. Raises CaffeToolsError, placed, for a file that holds no net, and for what Caffe
    refuses of one.
    """
    notes = Notes()
    message = read_message(path, notes)
    if not _is_solver(message):
        net, more = upgrade(message)
        _note_unknown_fields(net, notes)
        stages = net.message("state").texts("stage")
        return LoadedNet(net, tuple(stages), 0, (*notes.all(), *more))
    _note_unknown_fields(message, notes)
    net, more = upgrade(_net_of_solver(message, phase, notes))
    _note_unknown_fields(net, notes)
    own, added = net.message("state"), added_state(message, phase)
    stages = own.texts("stage") + added.texts("stage")
    level = (added if added.has("level") else own).integer("level")
    return LoadedNet(net, tuple(stages), level, (*notes.all(), *more))


def read_message(path: str | os.PathLike[str], notes: Notes) -> Message:
    """The net, of whatever age, or the solver in a file; what a binary holds beside it is noted.

    Raises CaffeToolsError, placed, for a file that holds neither.
    """
    content = _content(path)
    if _is_binary(content):
        return _binary_net(BinarySource(shown_name(path)), content, notes)
    return _parse(decode(shown_name(path), bytes(content)))


def read_text(path: str | os.PathLike[str]) -> Source:
    """The text of a net, of whatever age, or of a solver.

    Raises CaffeToolsError, placed, for a file that is no such text.
    """
    content = _content(path)
    if _is_binary(content):
        text = "this is a binary file: expected the text of a net or a solver"
        raise CaffeToolsError(text, Location(shown_name(path)))
    source = decode(shown_name(path), bytes(content))
    _parse(source)
    return source


def without_weights(net: Message) -> Message:
    """The net without the blobs of a .caffemodel, whose elements were not read; a text as it is."""
    if not isinstance(net.source, BinarySource):
        return net
    layers: list[Entry] = []
    for layer in net.messages("layer"):
        fields = {name: entries for name, entries in layer.fields.items() if name != "blobs"}
        bare = Message(layer.descriptor, layer.source, layer.offset, fields)
        layers.append((bare, layer.offset))
    return Message(net.descriptor, net.source, net.offset, {**net.fields, "layer": layers})


def _parse(source: Source) -> Message:
    message = prototxt.parse(source)
    if is_solver(message):
        return prototxt.parse(source, "SolverParameter")
    if not message.fields:
        raise source.error("the file holds no field: expected a net", 0)
    assert message.descriptor is not None
    if not any(name in message.descriptor.fields for name in message.fields):
        name = next(iter(message.fields))
        raise message.error(f"{name!r} is no field of a net or a solver", name, 0, CaffeToolsError)
    return message


def _content(path: str | os.PathLike[str]) -> memoryview:
    content = mapped(path)
    if not content:
        raise CaffeToolsError("the file is empty: expected a net", Location(shown_name(path), 1, 1))
    return content


def _is_binary(content: memoryview) -> bool:
    head = bytes(content[:_HEAD])
    return not _TEXT.match(head) and _CONTROL.search(head) is not None


def _binary_net(source: BinarySource, content: memoryview, notes: Notes) -> Message:
    place = Location(source.name)
    for beginning, text in _OTHER_FORMATS.items():
        if content[: len(beginning)] == beginning:
            raise CaffeToolsError(text, place)
    message = binary.parse(source, content, notes)
    if not message.has("layer") and not message.has("layers"):
        raise CaffeToolsError("this binary file holds no net: expected a .caffemodel", place)
    return message


def _is_solver(message: Message) -> bool:
    return message.descriptor is not None and message.descriptor.name == "SolverParameter"


def _net_of_solver(solver: Message, phase: str, notes: Notes) -> Message:
    field = net_field(solver, phase)
    value = solver.all(field)[0]
    if isinstance(value, Message):
        if value.has("layers") or value.has("input"):
            text = f"Caffe does not upgrade a net that stands in a solver's {field}"
            notes.add(text, solver, field)
        return value
    net = read_message(resolve(solver, field), notes)
    if _is_solver(net):
        text = f"{value!a} is a solver: expected a net"
        raise solver.error(text, field, 0, CaffeToolsError)
    return net


def _note_unknown_fields(message: Message, notes: Notes) -> None:
    """Note each field that the schema does not know; those of a net in a solver are its own."""
    assert message.descriptor is not None
    for name, entries in message.fields.items():
        first = entries[0][0]
        if isinstance(first, Message) and first.descriptor is not None:
            if first.descriptor.name != "NetParameter":
                for value, _ in entries:
                    assert isinstance(value, Message)
                    _note_unknown_fields(value, notes)
        elif name not in message.descriptor.fields:
            notes.add(f"unknown field {name!r} of {message.descriptor.name}", message, name)
