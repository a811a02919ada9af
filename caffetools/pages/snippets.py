"""The lines of the file in which each layer stands."""

from __future__ import annotations

from typing import NamedTuple

from caffetools.net.net import Net
from caffetools.proto.source import Source

_MOST_LINES = 200


class Snippet(NamedTuple):
    """Lines of a file."""

    line: int
    """The number of the first, from 1."""
    lines: tuple[str, ...]


def snippets(net: Net) -> list[Snippet | None]:
    """The lines of each layer; None for one that stands in no text (a .caffemodel's)."""
    messages = [layer.node.message for layer in net.layers]
    every = [*messages, *net.inferred.graph.message.messages("layer")]
    starts: dict[Source, list[int]] = {}
    for message in every:
        starts.setdefault(message.source, []).append(message.offset)
    ends: dict[tuple[Source, int], int] = {}
    for source, offsets in starts.items():
        ordered = sorted(set(offsets))
        for start, end in zip(ordered, [*ordered[1:], len(source.text)], strict=True):
            ends[source, start] = end
    return [
        _snippet(message.source, message.offset, ends[message.source, message.offset])
        for message in messages
    ]


def _snippet(source: Source, start: int, end: int) -> Snippet | None:
    """From a layer's start to where the next one begins, without the comments between."""
    text = source.text[start:end]
    if not text.strip():
        return None
    last = text.rfind("}")
    kept = text[: last + 1] if last >= 0 else text.rstrip()
    lines = kept.splitlines()[:_MOST_LINES]
    return Snippet(source.location(start).line or 1, tuple(lines))
