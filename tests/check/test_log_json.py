"""Parts of a log as JSON has them."""

from __future__ import annotations

import json
import math

from caffetools.check.log_json import (
    named,
    net_json,
    net_name,
    score_json,
    segments_json,
    solver_fields,
    untyped,
)
from caffetools.check.parsed_log import ParsedLog
from caffetools.log.curve import Output
from caffetools.log.scores import Score
from tests.logs import SOLVER, line, net_log, read, train_log


def test_outputs() -> None:
    outputs = [Output("v"), Output("w"), Output("v")]
    assert named(outputs, ["1", "x", "inf"]) == {"v": [1.0, math.inf], "w": [None]}


RESUMED = (
    train_log(range(0, 30, 10))
    + line("Restoring previous solver status from x.solverstate", SOLVER)
    + train_log(range(20, 40, 10), 60)
)


def test_segments() -> None:
    assert segments_json(read(RESUMED).train) == [
        {
            "run": 0,
            "resumed": False,
            "rows": [0, 3],
            "joined_rows": [0, 2],  # iteration 20 is told again
            "iterations": [0, 20],
        },
        {
            "run": 0,
            "resumed": True,
            "rows": [3, 5],
            "joined_rows": [3, 5],
            "iterations": [20, 30],
        },
    ]


def test_score() -> None:
    score = Score(7, "nan", [Output("a"), Output("a")], ["1", "2"])
    assert score_json(score) == {"line": 7, "loss": "nan", "outputs": {"a": [1.0, 2.0]}}


def test_net() -> None:
    log = ParsedLog(read(net_log()))
    (net,), (comparison,) = log.contents.nets, log.comparisons
    found = net_json(net, comparison)
    json.dumps(found)
    assert net_name(net) == "small"
    assert (found["name"], found["phase"], found["memory_bytes"]) == ("small", "TRAIN", 3880)
    assert found["differences"] == found["unknown_layers"] == []
    told = net_log().splitlines()
    assert [(layer["name"], layer["type"], layer["in_place"]) for layer in found["layers"]] == [
        ("data", "Input", False),
        ("conv", "Convolution", False),
        ("relu", "ReLU", True),
        ("fc", "InnerProduct", False),
    ]
    assert all(layer["name"] in told[layer["line"] - 1] for layer in found["layers"])
    assert found["layers"][1]["tops"] == [
        {"name": "conv", "shape": [2, 4, 6, 6], "count": 288, "loss_weight": None}
    ]


def test_solver_fields() -> None:
    text = 'base_lr: 0.5 test_iter: 7 stepvalue: 1 stepvalue: 2 solver_mode: GPU net: "n"'
    assert solver_fields(text) == {
        "base_lr": 0.5,
        "test_iter": [7],
        "stepvalue": [1, 2],
        "solver_mode": "GPU",
        "net": "n",
    }


def test_untyped_reads_what_no_schema_has() -> None:
    assert untyped("fork_field { a: 1 a: inf } word: b") == {
        "fork_field": {"a": [1, "inf"]},
        "word": "b",
    }
    assert untyped("no prototxt }{") == {}
