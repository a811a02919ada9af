"""What the curves and events of a log say of its run: best values, divergence, its end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from operator import mul
from typing import NamedTuple

from caffetools.check.log_json import solver_fields
from caffetools.log.collector import LogContents
from caffetools.log.curve_data import json_number
from caffetools.log.series import Key, known_values, log_columns

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


class _Loss(NamedTuple):
    """The known values of a training loss in one run."""

    iterations: list[int]
    values: list[float]


def find(log: LogContents) -> Findings:
    """Return what a log says of its run; of several runs, of the last one."""
    best: dict[tuple[int | None, str], Best] = {}
    losses: dict[Key, _Loss] = {}
    for key, part, column in log_columns(log, is_timed=False):
        if key.kind not in {"total", "loss", "accuracy"}:
            continue
        (iterations,), values = known_values(column, part.iterations)
        if one := _best(key, iterations, values):
            name = one.net, one.output
            sign = -1 if key.kind == "accuracy" else 1
            if name not in best or sign * one.value < sign * best[name].value:
                best[name] = one
        if key.net is None and key.kind != "accuracy":
            loss = losses.setdefault(key, _Loss([], []))
            loss.iterations.extend(iterations)
            loss.values.extend(values)
    run = max((key.run for key in losses), default=0)
    last = {key: loss for key, loss in losses.items() if key.run == run}
    since = [start for start in map(_diverged, last.values()) if start is not None]
    total = next((loss for key, loss in last.items() if key.kind == "total"), None)
    stalled = _stalled(total) if total and not since else None
    # Of a detector's many classes their mean is of more interest.
    found = sorted(best.values(), key=lambda best: " class AP " in best.output)
    return Findings(tuple(found), min(since, default=None), stalled, _end(log))


def _best(key: Key, iterations: Sequence[int], values: Sequence[float]) -> Best | None:
    """Return the best of the finite values of an output."""
    choose = max if key.kind == "accuracy" else min
    finite = values if math.isfinite(sum(values)) else [x for x in values if math.isfinite(x)]
    if not finite:
        return None
    value = choose(finite)
    element = "" if key.element is None else f"[{key.element}]"
    return Best(key.net, key.name + element, value, iterations[values.index(value)])


def _diverged(loss: _Loss) -> int | None:
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


def _stalled(loss: _Loss) -> int | None:
    """Return the iteration from which no block of rows has a significantly lower mean."""
    rows = len(loss.values)
    if rows < _LEAST_ROWS:
        return None
    cuts = [rows * i // _BLOCKS for i in range(_BLOCKS + 1)]
    blocks = [loss.values[a:b] for a, b in pairwise(cuts)]
    means = [sum(block) / len(block) for block in blocks]
    squares = [sum(map(mul, block, block)) / len(block) for block in blocks]
    errors = [
        math.sqrt(max(square - mean * mean, 0) / len(block))
        for block, mean, square in zip(blocks, means, squares, strict=True)
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
    last = log.train.last()
    iteration = last.iteration if last else None
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
