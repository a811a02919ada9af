"""Notes about a file, gathered so that a thousand layers with one oddity give one note."""

from __future__ import annotations

from caffetools.errors import Location, Note
from caffetools.proto.message import Message


class Notes:
    """Collects notes; what is said again is counted, and told at the place of the first."""

    def __init__(self) -> None:
        self._first: dict[str, Location] = {}
        self._times: dict[str, int] = {}

    def add(self, text: str, message: Message, name: str | None = None, index: int = 0) -> None:
        """Note `text` at a field's `index`th value, or at the message."""
        self._times[text] = self._times.get(text, 0) + 1
        if text not in self._first:
            self._first[text] = message.location(name, index)

    def all(self) -> tuple[Note, ...]:
        """The notes in the order in which they were first said."""
        return tuple(
            Note(location, f"{text} ({times} times)" if (times := self._times[text]) > 1 else text)
            for text, location in self._first.items()
        )
