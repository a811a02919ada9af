"""Parts of a log as in JSON: dicts, lists and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from caffetools.check.compare import Comparison
from caffetools.errors import CaffeToolsError
from caffetools.log.curve import Curve, Output
from caffetools.log.curve_columns import by_name, number
from caffetools.log.curve_data import json_number, json_outputs
from caffetools.log.logged_net import LoggedLayer, LoggedNet
from caffetools.log.runs import joined, segments
from caffetools.log.scores import Score
from caffetools.proto import prototxt, schema
from caffetools.proto.message import Message, Value, Word
from caffetools.proto.source import Source


def segments_json(curve: Curve) -> list[dict[str, Any]]:
    """Return the segments of a curve, and which of their rows the joined curve of the run has."""
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


def score_json(score: Score) -> dict[str, Any]:
    """Return the result of a run of `caffe test`."""
    return {
        "line": score.line,
        "loss": json_number(number(score.loss)),
        "outputs": json_outputs(named(score.outputs, score.values)),
    }


def named(outputs: Sequence[Output], values: Sequence[str]) -> dict[str, list[float | None]]:
    """Group numbers by the outputs that they belong to."""
    return by_name((output.name for output in outputs), map(number, values))


def net_json(net: LoggedNet, comparison: Comparison) -> dict[str, Any]:
    """Return a net, and how it compares with its prototxt."""
    types = dict(comparison.types)
    return {
        "name": net_name(net),
        "phase": net.phase,
        "line": net.line,
        "source": net.source,
        "complete": net.is_complete,
        "prototxt": net.echo.text if net.echo else None,
        "prototxt_cut": net.echo.cut if net.echo else None,
        "layers": [_layer_json(layer, net, types.get(layer.name)) for layer in net.layers],
        "inputs": list(net.inputs),
        "outputs": list(net.outputs),
        "sharing": [shared._asdict() for shared in net.sharing],
        "memory_bytes": net.memory_bytes,
        "memory_rule": comparison.memory_rule,
        "differences": [str(difference) for difference in comparison.differences],
        "unknown_layers": list(comparison.unknown_layers),
        "notes": list(comparison.notes),
    }


def _layer_json(layer: LoggedLayer, net: LoggedNet, type_: str | None) -> dict[str, Any]:
    return {
        "name": layer.name,
        "type": layer.type or type_ or ("Split" if layer.is_split else None),
        "bottoms": list(layer.bottoms),
        "tops": [
            {
                "name": top.name,
                "shape": None if top.shape is None else list(top.shape),
                "count": top.elements,
                "loss_weight": json_number(number(top.loss_weight)),
            }
            for top in layer.tops
        ],
        "in_place": layer.in_place,
        "needs_backward": layer.needs_backward,
        "line": net.line_of(layer.line),
    }


def net_name(net: LoggedNet) -> str | None:
    """Return the name in a net's echoed prototxt."""
    return _name_in(net.echo.text) if net.echo else None


@lru_cache(maxsize=32)
def _name_in(text: str) -> str | None:
    # Resumed runs echo the same net again and again.
    name = untyped(text).get("name")
    return name if isinstance(name, str) else None


def solver_fields(text: str) -> dict[str, Any]:
    """Return the fields of a solver's prototxt; repeated fields are lists."""
    known = schema.message("SolverParameter").fields
    repeated = {name for name, entry in known.items() if entry.repeated}
    fields = untyped(text)
    return {
        name: [value] if name in repeated and not isinstance(value, list) else value
        for name, value in fields.items()
    }


def untyped(text: str) -> dict[str, Any]:
    """Return the fields of a prototxt of any schema, as a fork may have; none if it is invalid."""
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
    return json_number(value) if isinstance(value, float) else value
