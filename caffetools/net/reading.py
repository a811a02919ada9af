"""Read the net in a file: a prototxt, a solver, a .caffemodel or a log; upgrade it."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from caffetools.errors import CaffeToolsError, Location, Note
from caffetools.net.graph import State
from caffetools.net.solver_nets import (
    NetField,
    first_test_field,
    looks_like_solver,
    resolve,
    state_of,
    train_field,
)
from caffetools.proto import prototxt
from caffetools.proto.message import Entry, Message, Notes
from caffetools.proto.source import BinarySource, Source, decode, mapped, shown_name
from caffetools.proto.upgrade import upgrade

_TEXT = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s|#[^\r\n]*[\r\n])*[A-Za-z_]\w*\s*[:{<\[]")
"""The beginning of a prototxt with a field, which no .caffemodel has."""

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_HEAD = 4096
"""Number of bytes examined to distinguish text from binary."""
_LOG_HEAD = 1 << 16
"""Number of bytes of a log that contain a line of Caffe, after output of other programs."""

_OTHER_FORMATS = {
    b"\x89HDF": "expected a net, found an HDF5 file, which holds only weights",
    b"\xff\xfe": "expected UTF-8, found UTF-16",
    b"\xfe\xff": "expected UTF-8, found UTF-16",
}
"""Error messages for files of other formats, by their first bytes."""


class LoadedNet(NamedTuple):
    """A net as its file gives it, and the state in which it is built."""

    message: Message
    """The upgraded net."""
    state: State
    """With the stages of the net's own state, and all of the state that a solver gives it."""
    notes: tuple[Note, ...]


def read_net(path: str | os.PathLike[str], phase: str = "TRAIN") -> LoadedNet:
    """Read the net in the file at `path`, or in standard input for `-`.

    Of a solver it is the net to train for the phase TRAIN, or the first test net for TEST; of a
    log, the first net of that phase that the log echoes. Raises CaffeToolsError, placed, for a
    file without a net, and for what Caffe refuses.
    """
    notes = Notes()
    message = read_message(path, notes, phase)
    if is_solver(message):
        note_unknown_fields(message, notes)
        if phase == "TRAIN":
            loaded = read_solver_net(message, train_field(message))
        else:
            loaded = read_solver_net(message, first_test_field(message), 0)
        return loaded._replace(notes=(*notes.all(), *loaded.notes))
    # Caffe sets phase and level itself and keeps the stages (net.cpp, Net::Net).
    state = State(phase, tuple(message.message("state").texts("stage")))
    return _loaded(message, state, notes)


def read_solver_net(
    solver: Message,
    field: NetField,
    test: int | None = None,
    path: str | os.PathLike[str] | None = None,
) -> LoadedNet:
    """Read a net of a solver, in the state in which the solver builds it.

    `test` is the index of the test net, None for the net to train; `path` overrides the net that
    the field names. Raises CaffeToolsError, placed, for a file without a net, and for what Caffe
    refuses.
    """
    notes = Notes()
    phase = "TRAIN" if test is None else "TEST"
    value = solver.all(field.name)[field.number]
    if path is not None:
        net = read_message(path, notes, phase)
    elif isinstance(value, Message):
        net = value
        if net.has("layers") or net.has("input"):
            text = f"Caffe does not upgrade a net embedded in a solver's {field.name}"
            notes.add(text, solver, *field)
    else:
        net = read_message(resolve(solver, *field), notes, phase)
    if is_solver(net):
        if path is not None:
            raise CaffeToolsError("expected a net, found a solver", Location(shown_name(path)))
        text = f"expected a net, found the solver {value!a}"
        raise solver.error(text, *field, CaffeToolsError)
    return _loaded(net, state_of(net, solver, test), notes)


def _loaded(net: Message, state: State, notes: Notes) -> LoadedNet:
    """Upgrade a net; fields that the upgrade knows are not unknown."""
    upgraded, more = upgrade(net)
    note_unknown_fields(upgraded, notes)
    return LoadedNet(upgraded, state, (*notes.all(), *more))


def read_message(
    path: str | os.PathLike[str], notes: Notes, phase: str | None = "TRAIN"
) -> Message:
    """Read the net, of any age, or the solver in a file.

    Of a log, read the first net of `phase`, or for None the first solver. Unknown fields of a
    .caffemodel are noted. Raises CaffeToolsError, placed, for a file with neither.
    """
    content = _content(path)
    if _is_log(bytes(content[:_LOG_HEAD])):
        return _echoed(path, content, notes, phase)
    if _is_binary(content):
        return _binary_net(BinarySource(shown_name(path)), content, notes)
    return _parse(decode(shown_name(path), bytes(content)))


def read_solver_message(path: str | os.PathLike[str], notes: Notes) -> Message:
    """Read the solver in a file, or the first one that a log echoes.

    Raises CaffeToolsError, placed, for a file without a solver.
    """
    message = read_message(path, notes, None)
    if not is_solver(message):
        raise CaffeToolsError("expected a solver, found a net", Location(shown_name(path)))
    return message


def read_text(path: str | os.PathLike[str]) -> Source:
    """Read and check the prototxt of a net, of any age, or of a solver.

    Raises CaffeToolsError, placed, for any other file.
    """
    content = _content(path)
    if _is_binary(content):
        text = "expected the prototxt of a net or solver, found a binary file"
        raise CaffeToolsError(text, Location(shown_name(path)))
    source = decode(shown_name(path), bytes(content))
    _parse(source)
    return source


def without_weights(net: Message) -> Message:
    """Drop the blobs of a .caffemodel, whose elements were not read; keep those of a prototxt."""
    if not isinstance(net.source, BinarySource):
        return net
    layers: list[Entry] = []
    for layer in net.messages("layer"):
        fields = {name: entries for name, entries in layer.fields.items() if name != "blobs"}
        layers.append((layer.replaced(fields), layer.offset))
    return net.replaced({**net.fields, "layer": layers})


def _echoed(
    path: str | os.PathLike[str], content: memoryview, notes: Notes, phase: str | None
) -> Message:
    # The modules that read logs are slow to import.
    from caffetools.log.extract import extract_net, extract_solver

    what = "net" if phase else "solver"
    source = extract_net(path, content, phase) if phase else extract_solver(path, content)
    message = _parse(source)
    if source.cut:
        notes.add(f"glog truncated this {what} at 30,000 bytes", message)
    if source.others:
        text = f"read the first {what} of the log, which echoes {source.others} others"
        notes.add(text, message)
    return message


def _parse(source: Source) -> Message:
    message = prototxt.parse(source)
    if looks_like_solver(message):
        return prototxt.parse(source, "SolverParameter")
    if not message.fields:
        raise source.error("expected a net, found no field", 0)
    assert message.descriptor is not None
    if not any(name in message.descriptor.fields for name in message.fields):
        name = next(iter(message.fields))
        text = f"expected a field of a net or solver, found {name!r}"
        raise message.error(text, name, 0, CaffeToolsError)
    return message


def _content(path: str | os.PathLike[str]) -> memoryview:
    content = mapped(path)
    if not content:
        place = Location(shown_name(path), 1, 1)
        raise CaffeToolsError("expected a net, found an empty file", place)
    return content


def _is_binary(content: memoryview) -> bool:
    head = bytes(content[:_HEAD])
    return not _TEXT.match(head) and _CONTROL.search(head) is not None


def _is_log(head: bytes) -> bool:
    # Most files are no logs: import the test only for a file that may be one.
    if b"]" not in head and not _CONTROL.search(head):
        return False
    from caffetools.log.text import is_log

    return is_log(head)


def _binary_net(source: BinarySource, content: memoryview, notes: Notes) -> Message:
    place = Location(source.name)
    for beginning, text in _OTHER_FORMATS.items():
        if content[: len(beginning)] == beginning:
            raise CaffeToolsError(text, place)
    from caffetools.proto import binary

    message = binary.parse(source, content, notes)
    if not message.has("layer") and not message.has("layers"):
        raise CaffeToolsError("expected a .caffemodel, found a binary file without a net", place)
    return message


def is_solver(message: Message) -> bool:
    """Whether a message is a solver, not a net."""
    return message.descriptor is not None and message.descriptor.name == "SolverParameter"


def note_unknown_fields(message: Message, notes: Notes) -> None:
    """Note each unknown field, but not in a net embedded in a solver, which is read by itself."""
    assert message.descriptor is not None
    for name, entries in message.fields.items():
        first = entries[0][0]
        if isinstance(first, Message) and first.descriptor is not None:
            if first.descriptor.name != "NetParameter":
                for value, _ in entries:
                    assert isinstance(value, Message)
                    note_unknown_fields(value, notes)
        elif name not in message.descriptor.fields:
            notes.add(f"unknown field {name!r} of {message.descriptor.name}", message, name)
