"""Notes are told once, at their first place, with how often."""

from __future__ import annotations

from caffetools.errors import Location, Note
from caffetools.proto.notes import Notes
from tests import nets


def test_notes_are_gathered() -> None:
    net = nets.message('name: "n"\ninput: "a"\ninput: "b"\n')
    notes = Notes()
    assert notes.all() == ()
    notes.add("odd", net, "input", 1)
    notes.add("other", net)
    notes.add("odd", net, "input", 0)
    notes.add("third", net, "input")
    assert notes.all() == (
        Note(Location("net.prototxt", 3, 1), "odd (2 times)"),
        Note(Location("net.prototxt", 1, 1), "other"),
        Note(Location("net.prototxt", 2, 1), "third"),
    )
