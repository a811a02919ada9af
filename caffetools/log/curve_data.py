"""The rows of curves as dicts, JSON text, flat records and CSV.

All are made of columns, one part at a time: a log of a gigabyte has millions of rows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from caffetools.log.curve import Curve
from caffetools.log.curve_columns import Part, Row, numbers
from caffetools.log.runs import run_parts
from caffetools.table import harmless

_FIELDS = Row._fields[:-1]
"""The fields of a row, without the outputs."""

_JSON = {"None": "null", "nan": '"nan"', "inf": '"inf"', "-inf": '"-inf"'}
_CSV = {"None": "", "nan": "nan", "inf": "inf", "-inf": "-inf"}
"""Text for what repr writes as a word."""

_NUMBER = (
    r"-?(?:[1-9][0-9]{0,7}\.(?:[0-9]{0,5}[1-9]|0)|0\.(?!0000)[0-9]{0,13}[1-9]"
    r"|[1-9](?:\.[0-9]{0,12}[1-9])?e-(?:0[5-9]|[1-9][0-9]))"
)
_AS_REPR = re.compile(rf"{_NUMBER}(?:\n{_NUMBER})*")
"""Numbers that repr writes the same: up to 15 digits, without needless zeros."""


def json_number(value: float | None) -> float | str | None:
    """Return a number as in JSON: NaN and infinities are strings."""
    if value is None or math.isfinite(value):
        return value
    return repr(value)


def json_outputs(outputs: Mapping[str, list[float | None]]) -> dict[str, list[float | str | None]]:
    """Return the outputs of a row as in JSON."""
    return {name: [json_number(value) for value in values] for name, values in outputs.items()}


def json_rows(curve: Curve, net: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of the curve of test net `net`, or of training, as in JSON."""
    for row in curve.rows():
        fields = {**row._asdict(), "net": net}
        own = {name: fields[name] for name in _names(net)}
        own |= {name: json_number(x) for name, x in own.items() if isinstance(x, float)}
        yield {**own, "outputs": json_outputs(row.outputs)}


def json_text(curve: Curve, net: int | None = None) -> Iterator[str]:
    """Yield the same rows as JSON text, in pieces to be joined by commas."""
    import json

    for part in curve.parts():
        fields = _texts(part, _JSON, '"') | {"net": [str(net)] * len(part.iterations)}
        row: list[str | list[str]] = []
        for i, name in enumerate(_names(net)):
            row += [f"{', ' if i else '{'}{json.dumps(name)}: ", fields[name]]
        row.append(', "outputs": {')
        for i, (name, columns) in enumerate(part.outputs.items()):
            row.append(f"{', ' if i else ''}{json.dumps(name)}: [")
            row += _between(", ", (_printed(column, _JSON) for column in columns))
            row.append("]")
        row.append("}}, ")
        yield _interleaved(row, len(part.iterations)).removesuffix(", ")


def _between(separator: str, columns: Iterable[list[str]]) -> list[str | list[str]]:
    """Return columns with a separator after each but the last."""
    row: list[str | list[str]] = []
    for column in columns:
        row += [column, separator]
    return row[:-1]


def _interleaved(row: Sequence[str | list[str]], count: int) -> str:
    """Return `count` rows of columns and of texts that each row has."""
    texts = [""] * (len(row) * count)
    for i, cells in enumerate(row):
        texts[i :: len(row)] = [cells] * count if isinstance(cells, str) else cells
    return "".join(texts)


def _names(net: int | None) -> tuple[str, ...]:
    """Return the fields of a row; a test has neither rate nor speed."""
    return _FIELDS if net is None else ("iteration", "net", "time", "seconds", "loss")


def _texts(part: Part, words: Mapping[str, str], quote: str) -> dict[str, list[str]]:
    """Return the columns of a part, without its outputs, as text."""
    return {
        "iteration": list(map(str, part.iterations)),
        "time": [words["None"] if time is None else quote + time + quote for time in part.times],
        "seconds": _durations(part.seconds, words),
        "loss": _printed(part.losses, words),
        "lr": _printed(part.lrs, words),
        "speed": _printed(part.speeds, words),
    }


def _computed(values: list[float | None], words: Mapping[str, str]) -> list[str]:
    """Write numbers as Python's repr does."""
    text = repr(values)[1:-1]
    texts = text.split(", ")
    return [words.get(one, one) for one in texts] if "n" in text else texts


def _durations(seconds: list[float | None], words: Mapping[str, str]) -> list[str]:
    """Write times with six decimals as repr does, which takes half as long as repr itself."""
    known = [each for each in seconds if each is not None]
    # 15 digits hold six decimals of less than 1e9 seconds; repr gives whole numbers ".0".
    if len(known) == len(seconds) and min(known) > -1e9 and max(known) < 1e9:
        text = "%.15g\n" * len(known) % tuple(known)
        if "e" not in text:
            return [one if "." in one else one + ".0" for one in text.split()]
    return _computed(seconds, words)


# A net with one loss prints each of its values twice.
@lru_cache(maxsize=2)
def _is_as_repr(column: str) -> bool:
    return _AS_REPR.fullmatch(column) is not None


def _printed(column: str, words: Mapping[str, str]) -> list[str]:
    """Rewrite numbers, one a line, as repr does; most of what Caffe prints stays as it is."""
    texts = column.split("\n")
    if texts.count(texts[0]) == len(texts):
        return _computed(numbers(texts[0]), words) * len(texts)
    if _is_as_repr(column):
        return texts
    distinct = list(set(texts))
    known = dict(zip(distinct, _computed(numbers("\n".join(distinct)), words), strict=True))
    return [known[text] for text in texts]


def records(curve: Curve, once: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the rows of a curve as flat dicts with the same keys, for pandas.DataFrame.

    An element of a vector is `name[index]`; an output with the name of one of Row's fields, as most
    losses have, is `output loss`. Times are None where the year is unknown. A loss that is not
    printed, as since 2014 in tests, is the sum of the weighted outputs. With `once`, iterations
    that a resumed run repeats are given once, as the later process logged them.
    """
    head, weights = _head(curve), curve.weights()
    parts = (part for _, part in run_parts(curve)) if once else curve.parts()
    for part in (_filled(part, weights) for part in parts):
        own = [*part[:3], *map(numbers, part[3:6])]
        outputs = map(numbers, _output_columns(part, head))
        for values in zip(*own, *outputs, strict=True):
            yield dict(zip(head, values, strict=True))


def csv_text(curve: Curve) -> Iterator[str]:
    """Yield the same rows as comma-separated values, the header first; nothing for no rows."""
    head, weights = _head(curve), curve.weights()
    if len(curve):
        yield ",".join(map(_csv_name, head)) + "\n"
    for part in (_filled(part, weights) for part in curve.parts()):
        outputs = (_printed(column, _CSV) for column in _output_columns(part, head))
        row = _between(",", (*_texts(part, _CSV, "").values(), *outputs))
        yield _interleaved([*row, "\n"], len(part.iterations))


def _filled(part: Part, weights: Mapping[str, float]) -> Part:
    """Return a part with times that have a year, and with the loss that its outputs make."""
    times = part.times
    if all(time and time.startswith("--") for time in (times[0], times[-1])):
        # Once the year is known, it stays known.
        times = [None] * len(times)
    elif times[0] is None or times[0].startswith("--"):
        times = [None if time is None or time.startswith("--") else time for time in times]
    weighted = [pair for pair in zip(part.names, part.values, strict=True) if pair[0] in weights]
    if not weighted or part.losses.strip("\n"):
        return part._replace(times=times)
    losses = [
        [weights[name] * (math.nan if value is None else value) for value in numbers(column)]
        for name, column in weighted
    ]
    # Caffe prints six digits.
    totals = (f"{sum(row):.6g}" for row in zip(*losses, strict=True))
    return part._replace(times=times, losses="\n".join(totals))


def _csv_name(name: str) -> str:
    name = harmless(name)
    quoted = name.replace('"', '""')
    return f'"{quoted}"' if any(mark in name for mark in ',"\r\n') else name


def _head(curve: Curve) -> dict[str, tuple[str, int]]:
    """Return the keys of flat rows, each with its output and element if it has one."""
    head = dict.fromkeys(_FIELDS, ("", 0))
    for name, size in curve.sizes().items():
        own = f"output {name}" if name in Row._fields else name
        head |= {own if size == 1 else f"{own}[{i}]": (name, i) for i in range(size)}
    return head


def _output_columns(part: Part, head: Mapping[str, tuple[str, int]]) -> Iterator[str]:
    """Yield the columns of the head's outputs."""
    outputs = part.outputs
    blank = "\n" * (len(part.iterations) - 1)
    for name, index in list(head.values())[len(_FIELDS) :]:
        columns = outputs.get(name, [])
        yield columns[index] if index < len(columns) else blank
