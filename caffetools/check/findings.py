"""What the curves and events of a log say of its run: best values, divergence, its end."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from caffetools.check.log_json import solver_fields
from caffetools.log.collector import LogContents
from caffetools.log.curve_data import json_number
from caffetools.log.series import Series, log_series

_BLOCKS = 20
"""A run is divided into so many blocks of rows, whose means are compared."""
_LEAST_ROWS = 40
_SATURATED = 87.3365
"""-log(FLT_MIN): the loss of a softmax whose probability is 0 (softmax_loss_layer.cpp)."""
_ENDS = {
    "done": "finished",
    "stopped": "stopped early by a signal",
    "interrupted": "interrupted in a test",
    "fatal": "died",
}


class Best(NamedTuple):
    """The best value of an output: the highest accuracy, the lowest loss."""

    net: int | None
    """The number of the test net; None for training."""
    output: str
    """Its name, with the index of an element; "" for the displayed loss."""
    value: float
    iteration: int


class Findings(NamedTuple):
    """What a log says of its run."""

    best: tuple[Best, ...]
    diverged: int | None
    """Iteration since which the training loss is NaN, infinite or saturated; None if it is not."""
    stalled: int | None
    """Iteration since which the training loss is no lower, for half of the run or longer."""
    end: str
    """How the run ended, empty for a log without one."""

    def to_dict(self) -> dict[str, object]:
        """Return the findings as in JSON."""
        best = [{**one._asdict(), "value": json_number(one.value)} for one in self.best]
        return {**self._asdict(), "best": best, "end": self.end or None}


def find(log: LogContents) -> Findings:
    """Return what a log says of its run; of several runs, of the last one."""
    series = log_series(log)
    last = max((one.key.run for one in series), default=0)
    losses = [
        one
        for one in series
        if one.key.net is None and one.key.kind in {"total", "loss"} and one.key.run == last
    ]
    since = [start for start in map(_diverged, losses) if start is not None]
    total = next((one for one in losses if one.key.kind == "total"), None)
    stalled = _stalled(total) if total and not since else None
    return Findings(tuple(_best(series)), min(since, default=None), stalled, _end(log))


def _best(series: Sequence[Series]) -> Iterator[Best]:
    found: dict[tuple[int | None, str], Best] = {}
    for one in series:
        if one.key.kind not in {"total", "loss", "accuracy"}:
            continue
        element = "" if one.key.element is None else f"[{one.key.element}]"
        key = one.key.net, one.key.name + element
        sign = -1 if one.key.kind == "accuracy" else 1
        finite = [(sign * x, i) for i, x in enumerate(one.values) if math.isfinite(x)]
        if not finite:
            continue
        _, row = min(finite)
        best = Best(*key, one.values[row], one.iterations[row])
        if key not in found or sign * best.value < sign * found[key].value:
            found[key] = best
    # Of a detector's many classes their mean is of more interest.
    yield from sorted(found.values(), key=lambda best: " class AP " in best.output)


def _diverged(loss: Series) -> int | None:
    """Return the iteration from which a loss is no sound number up to the end."""
    row = len(loss.values)
    while row and not _is_sound(loss.values[row - 1]):
        row -= 1
    # Some batches of a sound run may have a saturated loss.
    rows = len(loss.values) - row
    is_lost = rows and not math.isfinite(loss.values[-1])
    return loss.iterations[row] if is_lost or rows >= 3 else None


def _is_sound(value: float) -> bool:
    return math.isfinite(value) and abs(value - _SATURATED) > 1e-3


def _stalled(loss: Series) -> int | None:
    """Return the iteration from which no block of rows has a significantly lower mean."""
    rows = len(loss.values)
    if rows < _LEAST_ROWS:
        return None
    cuts = [rows * i // _BLOCKS for i in range(_BLOCKS + 1)]
    blocks = [loss.values[a:b] for a, b in pairwise(cuts)]
    means = [math.fsum(block) / len(block) for block in blocks]
    errors = [
        math.sqrt(math.fsum((x - mean) ** 2 for x in block)) / len(block)
        for mean, block in zip(means, blocks, strict=True)
    ]
    for i in range(_BLOCKS // 2 + 1):
        lower = (
            means[j] < means[i] - 3 * math.hypot(errors[i], errors[j])
            for j in range(i + 1, _BLOCKS)
        )
        if not any(lower):
            return loss.iterations[cuts[i]]
    return None


def _end(log: LogContents) -> str:
    """Return how the run ended, in words."""
    iteration = max(log.train.iterations()[-1:], default=None)
    begun = iteration is not None
    for event in reversed(log.events):
        if event.kind in _ENDS:
            at = "" if event.iteration is None or not begun else f" at {event.iteration:,}"
            reason = f": {event.message}" if event.kind == "fatal" else ""
            return f"{_ENDS[event.kind]}{at}{reason}"
        if event.kind in {"start", "restore", "resume"}:
            break
    if iteration is None:
        return ""
    fields = solver_fields(log.solvers[-1].text) if log.solvers else {}
    most = fields.get("max_iter")
    of = f" of {most:,}" if isinstance(most, int) else ""
    return f"the log ends at iteration {iteration:,}{of}, before the run does"
