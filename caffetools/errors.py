"""Locations in files, and the errors and notes that carry them."""

from __future__ import annotations

from typing import NamedTuple


class Location(NamedTuple):
    """A place in a file, printed as `net.prototxt:8:1` without the unknown parts."""

    file: str
    line: int | None = None
    """1-based."""
    column: int | None = None
    """1-based, in characters."""

    def __str__(self) -> str:
        return ":".join(str(part) for part in self if part is not None)


class CaffeToolsError(Exception):
    """A mistake in the input, described in one line; any other exception is a bug.

    Parameters
    ----------
    message : str
        What was expected and what was found.
    location : Location, optional
        The place of the mistake.
    excerpt : str, optional
        The source line at `location`, printed with a caret under `location.column`.

    Examples
    --------
    >>> import caffetools
    >>> try:
    ...     caffetools.from_text('layer { type: "ReLU" bottom: "x" }', "net.prototxt")
    ... except caffetools.CaffeToolsError as error:
    ...     print(error.location)
    net.prototxt:1:22
    """

    def __init__(
        self, message: str, location: Location | None = None, excerpt: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.location = location
        self.excerpt = excerpt

    def __str__(self) -> str:
        return self.message if self.location is None else f"{self.location}: {self.message}"

    def at(self, location: Location, excerpt: str | None = None) -> CaffeToolsError:
        """Return this error, with `location` unless it already has one, which is more precise."""
        if self.location is None:
            self.location, self.excerpt = location, excerpt
        return self


class PrototxtError(CaffeToolsError):
    """Text that is not in protobuf's text format, or a value that a field cannot hold."""


class GraphError(CaffeToolsError):
    """Layers that do not fit together: an unknown bottom, a duplicate top, too few blobs."""


class ShapeError(CaffeToolsError):
    """A shape or an option that a Caffe layer refuses."""


class Note(NamedTuple):
    """An assumption, an oddity or an unknown, which is no error."""

    location: Location
    message: str

    def __str__(self) -> str:
        return f"{self.location}: {self.message}"
