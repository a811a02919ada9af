"""`caffetools parse-log`: its options."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import run
from tests.logs import NET_TEXT, SOLVER, line, net_log, train_log

LOG = (
    net_log()
    + line("Initializing solver from parameters: ", SOLVER)
    + "base_lr: 0.01\n"
    + line("Solving small", SOLVER)
    + train_log(range(0, 30, 10))
    + line("Iteration 20, Testing net (#0)", SOLVER)
    + line("    Test net output #0: accuracy = 0.5", SOLVER)
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "run.log"
    path.write_text(LOG)
    return path


def test_a_table(log: Path) -> None:
    status, out, err = run("parse-log", log)
    assert (status, err) == (0, "")
    assert [text.split()[0] for text in out.splitlines() if text[0] != " "] == [
        *("log", "caffe", "net", "train", "test", "run", "event"),
    ]


def test_json_of_standard_input() -> None:
    status, out, err = run(
        "parse-log", "-", "--format", "json", "--year", "2015", stdin=LOG.encode()
    )
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert found["log"] == "<stdin>"
    assert found["solver"] == {"base_lr": 0.01}
    assert found["train"][0]["time"] == "2015-07-21T10:00:00.250000"


def test_csv(log: Path, tmp_path: Path) -> None:
    status, out, _ = run("parse-log", log, "--format", "csv")
    assert status == 0
    assert out.splitlines()[0].startswith("iteration,time,seconds,loss,lr,speed")
    assert len(out.splitlines()) == 4
    stem = tmp_path / "curve"
    assert run("parse-log", log, "--format", "csv", "-o", stem)[:2] == (0, "")
    assert (tmp_path / "curve.train.csv").read_text() == out
    assert (tmp_path / "curve.test0.csv").read_text().splitlines()[1].endswith(",0.5")


def test_times_of_csv_have_a_year(log: Path) -> None:
    _, out, err = run("parse-log", log, "--format", "csv")
    assert err == "note: the log has no year, so that times are left out; pass --year\n"
    assert out.splitlines()[1].split(",")[:2] == ["0", ""]
    _, out, err = run("parse-log", log, "--format", "csv", "--year", "2015")
    assert err == ""
    assert out.splitlines()[1].split(",")[:2] == ["0", "2015-07-21T10:00:00.250000"]


@pytest.mark.parametrize("text", ["", "root:x:0:0:root:/root:/bin/bash\n", NET_TEXT])
def test_a_file_that_is_no_log_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "passwd"
    path.write_text(text)
    for command in (("parse-log", path), ("plot", path, "-o", tmp_path / "x.svg")):
        status, out, err = run(*command)
        assert (status, out) == (1, "")
        assert err == f"{path}: expected a log of Caffe, found no message of it\n"


def test_what_is_echoed_is_written(log: Path, tmp_path: Path) -> None:
    net, solver = tmp_path / "net.prototxt", tmp_path / "solver.prototxt"
    assert run("parse-log", log, "--net-out", net, "--solver-out", solver).status == 0
    assert net.read_text() == NET_TEXT
    assert solver.read_text() == "base_lr: 0.01\n"
    status, _, err = run("parse-log", log, "--net-out", net)
    assert (status, err) == (1, f"{net}: file exists; use --force to overwrite\n")
    assert run("parse-log", log, "--net-out", net, "--force").status == 0


def test_what_is_not_echoed_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    status, _, err = run("parse-log", "-", "--net-out", path, stdin=line("x").encode())
    assert (status, err) == (1, "'<stdin>' echoes no net\n")
    assert not path.exists()


def test_check(log: Path, tmp_path: Path) -> None:
    net = tmp_path / "net.prototxt"
    net.write_text(NET_TEXT)
    status, out, err = run("parse-log", log, "--check", net)
    assert (status, err) == (0, "")
    assert out.splitlines()[-1] == "no difference"
    net.write_text(NET_TEXT.replace("num_output: 5", "num_output: 6"))
    status, out, err = run("parse-log", log, "--check", net)
    assert status == 1
    assert "fc" in out
    assert err.startswith("found ")


def test_tensorboard(log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "events"
    status, out, err = run("parse-log", log, "--tensorboard", folder)
    assert (status, err) == (0, "")
    assert out.startswith("log ")
    written = {path.parent.name: path for path in folder.rglob("*tfevents*")}
    assert sorted(written) == ["test0", "train"]
    data = written["train"].read_bytes()
    assert b"brain.Event:2" in data
    assert run("parse-log", log, "--tensorboard", folder).status == 1
    assert run("parse-log", log, "--tensorboard", folder, "--force").status == 0
    assert written["train"].read_bytes() == data


def test_tensorboard_of_no_curve(tmp_path: Path) -> None:
    stdin = line("x").encode()
    status, _, err = run("parse-log", "-", "--tensorboard", tmp_path / "events", stdin=stdin)
    assert (status, err) == (1, "'<stdin>' contains no iteration\n")
    assert not (tmp_path / "events").exists()


def test_usage(log: Path) -> None:
    assert run("parse-log", log, "-o", "stem").status == 2
    assert run("parse-log", log, "--year", "70").status == 2
    assert run("parse-log").status == 2
