"""The rows of curves as callers take them: as plain data, as JSON's text, as flat records, as CSV.

All are made from columns, a part at a time: a log of a gigabyte has millions of rows.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from caffetools.check.log_data import plain, plain_outputs
from caffetools.log.curve import Curve
from caffetools.log.rows import Part, Row
from caffetools.log.series import run_parts

_OWN = Row._fields[:-1]
"""The fields of a row but for its outputs."""

_JSON = {"NaN": '"nan"', "-Infinity": '"-inf"', "Infinity": '"inf"'}
_CSV = {"NaN": "nan", "Infinity": "inf", "null": "", '"': ""}
"""What the json module writes, and what is to stand there: so columns become text at once."""


def plain_rows(curve: Curve, net: int | None = None) -> Iterator[dict[str, Any]]:
    """The rows of the curve of test net `net`, or of training, as JSON has them."""
    for part in curve.parts():
        fields = _fields(part, net)
        for values, row in zip(zip(*fields.values(), strict=True), part.rows(), strict=True):
            told = [plain(value) if isinstance(value, float) else value for value in values]
            own = dict(zip(fields, told, strict=True))
            yield {**own, "outputs": plain_outputs(row.outputs)}


def json_rows(curve: Curve, net: int | None = None) -> Iterator[str]:
    """The same as JSON's text: rows with commas between, in pieces that want a comma between."""
    for part in curve.parts():
        fields = _fields(part, net)
        columns = list(fields.values())
        own = [f"{json.dumps(name)}: %s" for name in fields]
        outputs = []
        for name, numbers in part.outputs.items():
            # Names are whatever the log says.
            key = json.dumps(name).replace("%", "%%")
            outputs.append(f"{key}: [{', '.join(['%s'] * len(numbers))}]")
            columns += numbers
        row = f'{{{", ".join(own)}, "outputs": {{{", ".join(outputs)}}}}}'
        texts = (_texts(column, _JSON) for column in columns)
        yield ", ".join(map(row.__mod__, zip(*texts, strict=True)))


def _fields(part: Part, net: int | None) -> dict[str, Sequence[Any]]:
    """The columns of a part, but for its outputs'; a test has neither rate nor speed."""
    fields: dict[str, Sequence[Any]] = dict(zip(_OWN, part, strict=False))
    if net is None:
        return fields
    count = len(part.iterations)
    told = {name: fields[name] for name in ("time", "seconds", "loss")}
    return {"iteration": part.iterations, "net": [net] * count, **told}


def _texts(column: Sequence[Any], words: Mapping[str, str]) -> list[str]:
    """Each number or time as text; no comma or quote is within one."""
    text = json.dumps(column)[1:-1]
    for word, own in words.items():
        text = text.replace(word, own)
    return text.split(", ")


def records(curve: Curve, once: bool = False) -> Iterator[dict[str, Any]]:
    """The rows of a curve as flat dicts, each with the same keys: what pandas.DataFrame takes.

    A number of a vector is `name[index]`; an output that is called as one of Row's own fields, as
    most losses are, is `output loss`. With `once`, what a resumed run tells again is given
    once, as the later process told it.
    """
    head = _head(curve)
    parts = (part for _, part in run_parts(curve)) if once else curve.parts()
    for part in parts:
        for values in zip(*_flat_columns(part, head), strict=True):
            yield dict(zip(head, values, strict=True))


def csv_text(curve: Curve) -> str:
    """The same as comma-separated values, with a head; "" of an empty curve, and for none."""
    out = io.StringIO()
    if len(curve):
        head = _head(curve)
        csv.writer(out, lineterminator="\n").writerow(head)
        for part in curve.parts():
            texts = (_texts(column, _CSV) for column in _flat_columns(part, head))
            out.writelines(f"{','.join(row)}\n" for row in zip(*texts, strict=True))
    return out.getvalue()


def _head(curve: Curve) -> dict[str, tuple[str, int]]:
    """The keys of flat rows: which number of which output each is, if of one."""
    head = dict.fromkeys(_OWN, ("", 0))
    for name, size in curve.sizes().items():
        own = f"output {name}" if name in Row._fields else name
        head |= {own if size == 1 else f"{own}[{i}]": (name, i) for i in range(size)}
    return head


def _flat_columns(part: Part, head: Mapping[str, tuple[str, int]]) -> list[Sequence[Any]]:
    """The columns of the head."""
    outputs = part.outputs
    columns: list[Sequence[Any]] = list(part[: len(_OWN)])
    untold = [None] * len(part.iterations)
    for name, index in list(head.values())[len(_OWN) :]:
        numbers = outputs.get(name, [])
        columns.append(numbers[index] if index < len(numbers) else untold)
    return columns
