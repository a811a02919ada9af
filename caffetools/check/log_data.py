"""A log's parts as plain data: dicts, lists and numbers, as JSON has them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from caffetools.check.compare import Comparison
from caffetools.errors import CaffeToolsError
from caffetools.log.column import number
from caffetools.log.curve import Curve, Output
from caffetools.log.net import LoggedNet
from caffetools.log.rows import by_name
from caffetools.log.scores import Score
from caffetools.log.segments import joined, segments
from caffetools.proto import prototxt, schema
from caffetools.proto.message import Message, Value, Word
from caffetools.proto.source import Source


def plain(value: float | None) -> float | str | None:
    """A number as JSON has it: NaN and infinities are words."""
    if value is None or math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def plain_outputs(outputs: Mapping[str, list[float | None]]) -> dict[str, list[float | str | None]]:
    """The outputs of a row, each with all its numbers."""
    return {name: [plain(value) for value in values] for name, values in outputs.items()}


def plain_segments(curve: Curve) -> list[dict[str, Any]]:
    """The segments of a curve, and which of their rows make the run's one curve."""
    iterations = curve.iterations()
    found = segments(curve, iterations)
    kept = {rows.start: rows.stop for run in joined(found, iterations).values() for rows in run}
    return [
        {
            "run": part.run,
            "resumed": part.resumed,
            "rows": [part.start, part.stop],
            "joined_rows": [part.start, kept.get(part.start, part.start)],
            "iterations": [iterations[part.start], iterations[part.stop - 1]],
        }
        for part in found
    ]


def plain_score(score: Score) -> dict[str, Any]:
    """What `caffe test` found."""
    return {
        "line": score.line,
        "loss": plain(number(score.loss)),
        "outputs": plain_outputs(named(score.outputs, score.values)),
    }


def named(outputs: list[Output], values: list[str]) -> dict[str, list[float | None]]:
    """Numbers by the outputs that they are of."""
    return by_name((output.name for output in outputs), map(number, values))


def plain_net(net: LoggedNet, comparison: Comparison) -> dict[str, Any]:
    """A net, and how it agrees with its prototxt."""
    types = dict(comparison.types)
    return {
        "name": net_name(net),
        "phase": net.phase,
        "line": net.line,
        "source": net.source,
        "complete": net.is_complete,
        "prototxt": net.echo.text if net.echo else None,
        "prototxt_cut": net.echo.cut if net.echo else None,
        "layers": [
            {
                "name": layer.name,
                "type": layer.type
                or types.get(layer.name)
                or ("Split" if layer.is_split else None),
                "bottoms": list(layer.bottoms),
                "tops": [
                    {
                        "name": top.name,
                        "shape": None if top.shape is None else list(top.shape),
                        "count": top.elements,
                        "loss_weight": plain(number(top.loss_weight)),
                    }
                    for top in layer.tops
                ],
                "in_place": layer.in_place,
                "needs_backward": layer.needs_backward,
                "line": net.line_of(layer.line),
            }
            for layer in net.layers
        ],
        "inputs": list(net.inputs),
        "outputs": list(net.outputs),
        "sharing": [shared._asdict() for shared in net.sharing],
        "memory_bytes": net.memory_bytes,
        "memory_rule": comparison.memory_rule,
        "differences": [str(difference) for difference in comparison.differences],
        "unknown_layers": list(comparison.unknown_layers),
        "notes": list(comparison.notes),
    }


def net_name(net: LoggedNet) -> str | None:
    """What the echoed net calls itself."""
    name = untyped(net.echo.text).get("name") if net.echo else None
    return name if isinstance(name, str) else None


def solver_fields(text: str) -> dict[str, Any]:
    """The fields of a solver's text; what may be repeated is a list."""
    known = schema.message("SolverParameter").fields
    repeated = {name for name, entry in known.items() if entry.repeated}
    fields = untyped(text)
    return {
        name: [value] if name in repeated and not isinstance(value, list) else value
        for name, value in fields.items()
    }


def untyped(text: str) -> dict[str, Any]:
    """The fields of a prototxt, whatever schema it is of; none where it is no prototxt.

    A fork's fields, its words and what it repeats are read as well as Caffe's own.
    """
    try:
        message = prototxt.parse(Source("<log>", f"it {{\n{text}\n}}"))
    except CaffeToolsError:
        return {}
    inner = message.get("it")
    return _fields(inner) if isinstance(inner, Message) else {}


def _fields(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in message.fields:
        values = [_value(value) for value in message.all(name)]
        found[name] = values if len(values) > 1 else values[0]
    return found


def _value(value: Value) -> Any:
    if isinstance(value, Message):
        return _fields(value)
    if isinstance(value, Word):
        return value == "true" if value in {"true", "false"} else str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return plain(value) if isinstance(value, float) else value
