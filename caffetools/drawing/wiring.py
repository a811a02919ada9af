"""What a layout is made from: vertices of some size, and wires from one to those that read it.

It knows nothing of nets. Vertices are numbered so that every wire leads from a lower number to
higher ones.
"""

from __future__ import annotations

from typing import NamedTuple


class Size(NamedTuple):
    """A vertex: what it takes on the page."""

    width: float
    height: float


class Wire(NamedTuple):
    """A blob: the vertex that makes it, and those that read it, each once and in order."""

    source: int
    readers: tuple[int, ...]
    width: float = 0
    """Of its label, which stands under the source beside those of the source's other wires."""


class LayoutGraph(NamedTuple):
    """A drawing to be laid out."""

    sizes: tuple[Size, ...]
    wires: tuple[Wire, ...]
