"""A path -> the net in it, in today's form: of a net's text, a solver's, a .caffemodel or a log."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from caffetools.errors import CaffeToolsError, Location, Note
from caffetools.log.echo_source import is_log
from caffetools.net.solver import added_state, is_solver, net_field, resolve
from caffetools.proto import binary, prototxt
from caffetools.proto.message import Entry, Message
from caffetools.proto.notes import Notes
from caffetools.proto.source import BinarySource, Source, decode, mapped, shown_name
from caffetools.proto.upgrade import upgrade

_TEXT = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s|#[^\r\n]*[\r\n])*[A-Za-z_]\w*\s*[:{<\[]")
"""How a prototxt with a field begins, and a .caffemodel never does."""

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_HEAD = 4096
"""Bytes that are looked at to tell text from binary."""
_LOG_HEAD = 1 << 16
"""Bytes of a log among which a line of Caffe's is, whatever other programs print before it."""

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
    phase TEST; of a log, the first of that phase that it echoes. Raises CaffeToolsError, placed,
    for a file that holds no net, and for what Caffe refuses of one.
    """
    notes = Notes()
    message = read_message(path, notes, phase)
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


def read_message(path: str | os.PathLike[str], notes: Notes, phase: str = "TRAIN") -> Message:
    """The net, of whatever age, or the solver in a file; what a binary holds beside it is noted.

    Of a log it is the first net of `phase` that it echoes. Raises CaffeToolsError, placed, for a
    file that holds neither.
    """
    return _read(path, notes, phase)


def read_solver_message(path: str | os.PathLike[str], notes: Notes) -> Message:
    """The solver in a file, or the first that a log echoes.

    Raises CaffeToolsError, placed, for a file that holds none.
    """
    message = _read(path, notes, None)
    if not _is_solver(message):
        raise CaffeToolsError("this is a net: expected a solver", Location(shown_name(path)))
    return message


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
        bare = layer.replaced(fields)
        layers.append((bare, layer.offset))
    return net.replaced({**net.fields, "layer": layers})


def _read(path: str | os.PathLike[str], notes: Notes, phase: str | None) -> Message:
    """What a file holds; of a log the net of a phase, for None the solver."""
    content = _content(path)
    if is_log(bytes(content[:_LOG_HEAD])):
        return _echoed(path, content, notes, phase)
    if _is_binary(content):
        return _binary_net(BinarySource(shown_name(path)), content, notes)
    return _parse(decode(shown_name(path), bytes(content)))


def _echoed(
    path: str | os.PathLike[str], content: memoryview, notes: Notes, phase: str | None
) -> Message:
    # Most nets stand in no log, whose readers take their time to load.
    from caffetools.log.echoed import echoed_net, echoed_solver

    what = "net" if phase else "solver"
    source = echoed_net(path, content, phase) if phase else echoed_solver(path, content)
    message = _parse(source)
    if source.cut:
        notes.add(f"glog cut this {what} at 30,000 bytes: what stood behind is missing", message)
    if source.others:
        text = f"this is the first {what} of the log, which echoes {source.others} others"
        notes.add(text, message)
    return message


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
