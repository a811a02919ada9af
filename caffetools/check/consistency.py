"""A logged net against itself: shapes against counts, memory against shapes."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from caffetools.check.memory import Judgement, steps
from caffetools.errors import Location
from caffetools.layers.blobs import dims
from caffetools.log.age import Age
from caffetools.log.logged_net import LoggedNet


class Difference(NamedTuple):
    """A difference between the log and the prototxt."""

    layer: str
    logged: str
    """Value in the log."""
    recomputed: str
    """Value recomputed from the prototxt."""
    log_line: int
    location: Location | None
    """Location of the layer in the prototxt."""

    def __str__(self) -> str:
        place = f" ({self.location})" if self.location else ""
        words = f"{self.logged} in the log, {self.recomputed}"
        return f"line {self.log_line}: {self.layer}: {words}{place}"


def wrong_counts(net: LoggedNet) -> Iterator[Difference]:
    """Shapes whose number of elements differs from the logged count."""
    for layer in net.layers:
        for top in layer.tops:
            if None not in {top.shape, top.elements} and prod(top.shape or ()) != top.elements:
                found = f"top {top.name} {dims(top.shape or ())}"
                said = f"{prod(top.shape or ())} elements, though it counts {top.elements}"
                yield Difference(layer.name, found, said, net.line_of(top.line), None)


def memory_differences(net: LoggedNet, age: Age, memory: Judgement) -> Iterator[Difference]:
    """Where the memory that is printed is not that of the shapes that are.

    A fork that counts in no way that we know is not judged: it may have its own.
    """
    if not net.backward_by_layer:
        for layer, printed, by_tops in steps(net):
            if printed != by_tops:
                line = net.line_of(layer.memory_line)
                found = f"{printed:,} bytes more"
                yield Difference(layer.name, found, f"its tops take {by_tops:,}", line, None)
    if memory.expected and age.first is not None:
        words = " or ".join(f"{size:,} ({rule})" for rule, size in memory.expected)
        line = net.line_of(net.memory_line)
        yield Difference("memory", f"{net.memory_bytes:,} bytes", words, line, None)
