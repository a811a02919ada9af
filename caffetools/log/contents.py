"""All that a log tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from caffetools.log.age import Age
from caffetools.log.curve import Curve
from caffetools.log.echo import Echo
from caffetools.log.events import Event
from caffetools.log.net import LoggedNet
from caffetools.log.scores import Score
from caffetools.log.tables import DebugMeans, Timings


@dataclass(frozen=True)
class LogContents:
    """What stands in a log, as it was read."""

    name: str
    """The log's file."""
    caffe: Age
    nets: tuple[LoggedNet, ...]
    solvers: tuple[Echo, ...]
    """Each solver that the log echoes."""
    train: Curve
    tests: Mapping[int, Curve]
    """By the number of the test net."""
    batches: Curve
    """What `caffe test` tells of each batch: `iteration` is its number."""
    scores: tuple[Score, ...]
    """What `caffe test` found."""
    timings: Timings
    debug_info: DebugMeans
    events: tuple[Event, ...]
    event_counts: Mapping[str, int]
    """How often each kind happened; of one that happened often, the first ones are kept."""
    epoch: tuple[int, float] | None
    """An iteration and its epoch, where the log tells epochs."""
    lines: int
    skipped_lines: int
    """Lines of other programs."""
