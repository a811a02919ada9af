"""A net as a log shows it: its layers, blobs, shapes and flags, and the text that it echoes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from caffetools.log.echo import Echo


class LoggedTop(NamedTuple):
    """A top as the log tells it."""

    name: str | None
    """None where the log's head was cut off before it."""
    shape: tuple[int, ...] | None = None
    """As printed: before March 2014 without the batch, before March 2015 always four extents."""
    elements: int | None = None
    line: int = 0
    """Where its shape stands, in lines from the net's first."""
    loss_weight: str = ""


class LoggedLayer(NamedTuple):
    """A layer as the log tells it."""

    name: str
    type: str | None
    bottoms: tuple[str, ...]
    tops: tuple[LoggedTop, ...]
    in_place: bool
    needs_backward: bool | None
    line: int
    """Where it is created, in lines from the net's first."""
    memory_bytes: int | None
    """What the net takes so far, where the log tells it after each layer."""
    memory_line: int

    @property
    def is_split(self) -> bool:
        """Is it one of the Split layers that Caffe inserts? They stand in no prototxt."""
        return (
            self.name.endswith("_split")
            and len(self.bottoms) == 1
            and all(top.name == f"{self.name}_{i}" for i, top in enumerate(self.tops))
        )


class Sharing(NamedTuple):
    """A blob that a layer shares with an earlier one."""

    layer: str
    param: str
    owner: str
    param_index: int


@dataclass(frozen=True, slots=True)
class LoggedNet:
    """A net that the log builds."""

    line: int
    """The log's line at which it begins."""
    phase: str | None
    source: str | None
    """Whence the solver takes it, in the log's words."""
    echo: Echo | None
    layers: tuple[LoggedLayer, ...]
    inputs: tuple[str, ...]
    """The `input:` blobs, which the log named from August 2014 to February 2016."""
    outputs: tuple[str, ...]
    sharing: tuple[Sharing, ...]
    memory_bytes: int | None
    """What it takes in the end; of NVCaffe, its tops."""
    memory_line: int
    """Where that stands, in lines from the net's first."""
    is_complete: bool
    """Did its initialisation end?"""
    is_nvcaffe: bool
    """Is it told in NVCaffe's words?"""
    backward_by_layer: bool
    """Does each layer's backward line stand with it, as until September 2014, not behind all?"""

    def line_of(self, offset: int) -> int:
        """The log's line of an offset from the net's first."""
        return self.line + offset
