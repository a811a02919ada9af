"""A log as callers see it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from caffetools.check.parsed_log import ParsedLog, parse_log
from caffetools.errors import CaffeToolsError
from tests.logs import NET_TEXT, SOLVER, line, net_log, read, train_log

LOG = (
    net_log()
    + train_log(range(0, 30, 10))
    + line("Iteration 20, Testing net (#0)", SOLVER)
    + line("    Test net output #0: accuracy = 0.5", SOLVER)
)


@pytest.fixture
def log() -> ParsedLog:
    return ParsedLog(read(LOG))


def test_parse_log_takes_a_year() -> None:
    log = parse_log(io.BytesIO(LOG.encode()), 2015)
    assert next(log.train_records())["time"] == "2015-07-21T10:00:00.250000"


def test_json_is_the_dict(log: ParsedLog) -> None:
    assert json.loads("".join(log.json())) == json.loads(json.dumps(log.to_dict()))


def test_keys_that_are_promised(log: ParsedLog) -> None:
    found = log.to_dict()
    assert set(found) >= {
        *("caffe", "nets", "solver", "train", "test", "timings", "events", "skipped_lines"),
    }
    assert found["caffe"].keys() >= {"from", "to", "release"}
    assert found["train"][1]["iteration"] == 10
    assert found["train"][1]["outputs"] == {"v": [10, -10], "loss": [10.25]}
    assert found["loss_weights"]["train"] == {"loss": 2}
    assert [(row["iteration"], row["net"], row["outputs"]) for row in found["test"]] == [
        (20, 0, {"accuracy": [0.5]})
    ]


def test_records_are_flat(log: ParsedLog) -> None:
    *_, last = log.train_records()
    assert last == {
        "iteration": 20,
        "time": None,
        "seconds": last["seconds"],
        "loss": 20.5,
        "lr": 0.01,
        "speed": 10.0,
        "v[0]": 20.0,
        "v[1]": -20.0,
        "output loss": 20.25,
    }
    assert [record["accuracy"] for record in log.test_records()] == [0.5]
    assert list(log.test_records(7)) == []


def test_what_a_resumed_run_tells_again() -> None:
    text = (
        train_log(range(0, 30, 10))
        + line("Restoring previous solver status from x.solverstate", SOLVER)
        + train_log(range(10, 40, 10), 60)
    )
    log = ParsedLog(read(text))
    assert [row["iteration"] for row in log.train_records()] == [0, 10, 20, 10, 20, 30]
    assert [row["iteration"] for row in log.train_records(once=True)] == [0, 10, 20, 30]


def test_comparisons_and_check(log: ParsedLog, tmp_path: Path) -> None:
    assert [comparison.differences for comparison in log.comparisons] == [()]
    path = tmp_path / "other.prototxt"
    path.write_text(NET_TEXT.replace("num_output: 5", "num_output: 6"))
    ((net, comparison),) = log.check(str(path))
    assert net is log.contents.nets[0]
    assert [difference.layer for difference in comparison.differences][:1] == ["fc"]


def test_a_log_without_a_net_cannot_be_checked() -> None:
    with pytest.raises(CaffeToolsError, match="contains no net"):
        ParsedLog(read(train_log(range(3)))).check("x.prototxt")
