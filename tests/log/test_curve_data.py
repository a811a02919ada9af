"""The rows of curves as plain data, JSON's text, records and CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.log import curve as curves
from caffetools.log.curve import Curve, Output, Point
from caffetools.log.curve_data import (
    _durations,
    csv_text,
    json_number,
    json_outputs,
    json_rows,
    json_text,
    records,
)
from tests.logs import SOLVER, line, read, train_log

RESUMED = (
    train_log(range(0, 30, 10))
    + line("Restoring previous solver status from x.solverstate", SOLVER)
    + train_log(range(20, 40, 10), 60)
)


def in_json(curve: Curve, net: int | None = None) -> Any:
    return json.loads(f"[{', '.join(json_text(curve, net))}]")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.5, 1.5),
        (None, None),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_numbers(value: float | None, expected: object) -> None:
    assert json_number(value) == expected


@given(st.lists(st.none() | st.integers(-(10**16), 10**16), min_size=1))
def test_durations_are_written_as_repr_does(microseconds: list[int | None]) -> None:
    """With up to ten digits before the point, 15 are not enough: 1e10 s is 10^16 us."""
    seconds = [None if each is None else each / 1e6 for each in microseconds]
    assert _durations(seconds, {"None": "-"}) == [
        "-" if each is None else repr(each) for each in seconds
    ]


def test_json_outputs() -> None:
    assert json_outputs({"a": [1.0, math.nan], "b": [None]}) == {"a": [1.0, "nan"], "b": [None]}


def test_rows() -> None:
    curve = read(train_log(range(1)), 2015).train
    (train,) = json_rows(curve)
    assert train == {
        "iteration": 0,
        "time": "2015-07-21T10:00:00.250000",
        "seconds": 0.0,
        "loss": 0.5,
        "lr": 0.01,
        "speed": None,
        "outputs": {"v": [0.0, 0.0], "loss": [0.25]},
    }
    (test,) = json_rows(curve, 3)
    told = {key: train[key] for key in ("iteration", "time", "seconds", "loss", "outputs")}
    assert test == {**told, "net": 3}
    assert list(test) == ["iteration", "net", "time", "seconds", "loss", "outputs"]


def test_records() -> None:
    curve = read(RESUMED).train
    assert [record["v[1]"] for record in records(curve)] == [0, -10, -20, -20, -30]
    assert [record["v[1]"] for record in records(curve, once=True)] == [0, -10, -20, -30]


def test_records_have_one_set_of_keys() -> None:
    """Though the outputs change in the middle."""
    texts = [
        *("Iteration 0, loss = 1", "    Train net output #0: a = 1"),
        *("Iteration 1, loss = 1", "    Train net output #0: b = 2"),
    ]
    curve = read("".join(map(line, texts))).train
    assert [(record["a"], record["b"]) for record in records(curve)] == [(1, None), (None, 2)]
    assert [row.split(",")[-2:] for row in "".join(csv_text(curve)).splitlines()] == [
        ["a", "b"],
        ["1.0", ""],
        ["", "2.0"],
    ]


def test_an_empty_curve() -> None:
    assert in_json(Curve()) == list(records(Curve())) == list(json_rows(Curve())) == []
    assert "".join(csv_text(Curve())) == ""


def test_what_is_no_number() -> None:
    outputs = [Output("null"), Output("NaN"), Output("%s"), Output("a,b")]
    made = Curve()
    made.append(Point("1", "", "nan", "-inf", "inf", outputs, ["inf", "x", "-nan", "1e-05"]))
    (row,) = in_json(made)
    assert (row["loss"], row["lr"], row["speed"], row["time"]) == ("nan", "-inf", "inf", None)
    assert row["outputs"] == {"null": ["inf"], "NaN": [None], "%s": ["nan"], "a,b": [1e-05]}
    assert "".join(csv_text(made)) == (
        'iteration,time,seconds,loss,lr,speed,null,NaN,%s,"a,b"\n1,,,nan,-inf,inf,inf,,nan,1e-05\n'
    )


def test_the_loss_of_a_test_is_that_of_its_outputs() -> None:
    """0.3 * 2 + 1 * (0.5 + 0.25) = 1.35; JSON has only what is printed."""
    texts = ["Iteration 7, Testing net (#0)", "    Test net output #0: accuracy = 0.5"]
    for i, (value, weight, product) in enumerate(((2, 0.3, 0.6), (0.5, 1, 0.5), (0.25, 1, 0.25))):
        name = f"loss{min(i, 1)}"
        value_text = f"    Test net output #{i + 1}: {name} = {value}"
        texts.append(f"{value_text} (* {weight} = {product} loss)")
    curve = read("".join(map(line, texts))).tests[0]
    (record,) = records(curve)
    assert record["loss"] == 1.35
    assert "".join(csv_text(curve)).splitlines()[1].split(",")[3] == "1.35"
    assert next(json_rows(curve, 0))["loss"] is None


NUMBERS = st.sampled_from(["", "1", "0.01", "1e-05", "-0", "nan", "-nan", "inf", "-inf", "x"])


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**12),
            st.sampled_from(["", "0721 10:38:15.326920", "0721 10:38:16", "20150722 00:00:01.5"]),
            st.lists(NUMBERS, min_size=3, max_size=3),
            st.lists(st.tuples(st.sampled_from(["loss", 'a"b', "v,w", "%d"]), NUMBERS)),
        ),
        max_size=12,
    ),
    st.sets(st.integers(0, 12)),
    st.sampled_from([1, 2, 4096]),
)
def test_all_forms_tell_the_same(
    told: list[tuple[int, str, list[str], list[tuple[str, str]]]], begins: set[int], size: int
) -> None:
    curve = Curve()
    curve.origin = 0.0
    curve.starts.extend(sorted(begins))
    for iteration, time, (loss, lr, speed), outputs in told:
        names = [Output(name) for name, _ in outputs]
        values = [value for _, value in outputs]
        curve.append(Point(str(iteration), time, loss, lr, speed, names, values))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(curves, "_PART", size)
        rows = list(curve.rows())
        assert [row.iteration for row in rows] == [iteration for iteration, *_ in told]
        assert in_json(curve) == list(json_rows(curve))
        assert in_json(curve, 2) == list(json_rows(curve, 2))
        flat = list(records(curve))
        written = list(csv.DictReader(io.StringIO("".join(csv_text(curve)))))
    assert [{key: text(value) for key, value in record.items()} for record in flat] == written
    for row, record in zip(rows, flat, strict=True):
        has_year = row.time is not None and not row.time.startswith("--")
        assert record["time"] == (row.time if has_year else None)
        assert row.seconds == record["seconds"]
        same = [row.loss, record["loss"]]
        assert same[0] == same[1] or all(math.isnan(value) for value in same)


def text(value: float | str | None) -> str:
    return "" if value is None else str(value)
