"""Where a mistake stands, and the one kind of error that means a mistake in the input."""

from __future__ import annotations

from typing import NamedTuple


class Location(NamedTuple):
    """A place in a file; prints as `net.prototxt:8:1`, without what is not known."""

    file: str
    line: int | None = None
    """1-based."""
    column: int | None = None
    """1-based, in characters."""

    def __str__(self) -> str:
        return ":".join(str(part) for part in self if part is not None)


class CaffeToolsError(Exception):
    """A mistake in the input, told in one line; any other exception is a bug of ours.

    `excerpt` is the source line at `location`, for showing with a caret under `location.column`.
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
        """This error, placed at `location` unless it already knows a more precise place."""
        if self.location is None:
            self.location, self.excerpt = location, excerpt
        return self


class PrototxtError(CaffeToolsError):
    """Text that is not protobuf's text format, or a field that cannot hold its value."""


class GraphError(CaffeToolsError):
    """Layers that do not fit together: an unknown bottom, a top made twice, too few blobs."""


class ShapeError(CaffeToolsError):
    """A shape or an option that Caffe's layer refuses."""


class Note(NamedTuple):
    """Something that the reader should know and that stops nothing."""

    location: Location
    message: str

    def __str__(self) -> str:
        return f"{self.location}: {self.message}"
