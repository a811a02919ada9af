"""`caffetools parse-log` on whole logs: a run of our own making, and the logs that are shared."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from caffetools.check.parsed_log import parse_log
from caffetools.cli import main
from caffetools.figures.looks import line_words
from caffetools.figures.panels import Selection, grouped_lines
from caffetools.pages.curves import curve_charts

ROOT = Path(__file__).parents[1]
NET = ROOT / "examples" / "lenet" / "train_test.prototxt"
PREFIX = "I0721 10:38:{:02d}.000000  4692 "


def net_log() -> str:
    """What Caffe would print while it builds LeNet."""
    options = ["shapes", str(NET), "--data-shape", "1,28,28", "--format", "caffe-log"]
    return CliRunner().invoke(main, options).stdout


def run_log() -> str:
    curve = [
        "solver.cpp:218] Iteration 0 (0 iter/s, 0s/100 iters), loss = 2.3",
        "solver.cpp:237]     Train net output #0: loss = 2.3 (* 1 = 2.3 loss)",
        "sgd_solver.cpp:105] Iteration 0, lr = 0.01",
        "solver.cpp:218] Iteration 100 (50 iter/s, 2s/100 iters), loss = nan",
        "solver.cpp:237]     Train net output #0: loss = nan (* 1 = nan loss)",
        "sgd_solver.cpp:105] Iteration 100, lr = 0.001",
    ]
    lines = [PREFIX.format(second) + line for second, line in enumerate(curve)]
    return net_log() + "\n".join(lines) + "\n"


def parsed(text: str, *options: str) -> dict[str, Any]:
    result = CliRunner().invoke(main, ["parse-log", "-", "--format", "json", *options], input=text)
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_net_of_a_log_is_the_net_that_made_it() -> None:
    (net,) = parsed(net_log())["nets"]
    shapes = CliRunner().invoke(
        main, ["shapes", str(NET), "--data-shape", "1,28,28", "--format", "json"]
    )
    expected = json.loads(shapes.stdout)
    found, wanted = (
        [
            (layer["name"], [(top["name"], top["shape"], top["count"]) for top in layer["tops"]])
            for layer in source["layers"]
            if not layer["name"].endswith("_split")
        ]
        for source in (net, expected)
    )
    assert found == wanted
    assert net["memory_bytes"] == expected["totals"]["memory_bytes"]


def test_the_rate_stands_at_its_own_iteration() -> None:
    train = parsed(run_log())["train"]
    assert [(row["iteration"], row["loss"], row["lr"]) for row in train] == [
        (0, 2.3, 0.01),
        (100, "nan", 0.001),
    ]


def test_a_table_tells_the_same() -> None:
    result = CliRunner().invoke(main, ["parse-log", "-"], input=run_log())
    assert result.exit_code == 0, result.stderr
    assert "100" in result.stdout


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["parse-log", str(tmp_path / "none.log")])
    assert result.exit_code == 1
    assert "no such file" in result.stderr


def test_shared_logs_agree_with_what_they_print(shared: Path) -> None:
    logs = sorted(path for path in (shared / "corpus" / "logs").rglob("*") if path.is_file())
    for path in (path for path in logs[::10] if path.stat().st_size < 400_000):
        result = CliRunner().invoke(main, ["parse-log", str(path), "--format", "json"])
        assert result.exit_code == 0, (path, result.stderr)
        for net in json.loads(result.stdout)["nets"]:
            assert net["differences"] == [], path


LOSS = re.compile(r"Iteration (\d+)(?: \(.*\))?(?:, \S+ep)?, loss = (\S+) *$")
RATE = re.compile(r"Iteration (\d+), lr = ([^\s,]+)(?:, .*)?$")
TESTING = re.compile(r"Iteration (\d+), Testing net \(#(\d+)\)")
OUTPUT = re.compile(r"(Train|Test) net output #\d+: (\S+) = (\S+)")


def told_by_lines(text: str) -> dict[str, list[Any]]:
    """What single lines of a log say, read without knowing how they belong together."""
    found: dict[str, list[Any]] = {"loss": [], "lr": [], "Train": [], "Test": []}
    iteration, net = "", "0"
    for text_line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines():
        _, prefix, message = text_line.partition("] ")
        message = re.sub(r"^ *\[[0-9.]+\] ", "", message)  # NVCaffe's mark of a device
        if not prefix:
            continue
        if testing := TESTING.search(message):
            iteration, net = testing.groups()
        elif loss := LOSS.match(message):
            iteration = loss[1]
            found["loss"].append((int(iteration), number(loss[2])))
        elif rate := RATE.match(message):
            found["lr"].append((int(rate[1]), number(rate[2])))
        elif output := OUTPUT.search(message):
            where = (int(net),) if output[1] == "Test" else ()
            found[output[1]].append((int(iteration or 0), *where, output[2], number(output[3])))
    return found


def number(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text.lstrip("-")


def outputs(rows: list[dict[str, Any]], *where: str) -> list[Any]:
    return [
        (row["iteration"], *(row[key] for key in where), name, value)
        for row in rows
        for name, values in row["outputs"].items()
        for value in values
    ]


def test_curves_are_what_the_lines_say(shared: Path) -> None:
    """Twenty logs of different ages, each number of each curve."""
    logs = [
        path
        for path in sorted((shared / "corpus" / "logs").rglob("*"))
        if path.is_file() and 20_000 < path.stat().st_size < 400_000
    ]
    for index in range(20):
        check_curves(logs[index * len(logs) // 20])


def check_curves(path: Path) -> None:
    text = path.read_text("utf-8", "replace")
    told = told_by_lines(text)
    found = parsed(text)
    train, test = found["train"], found["test"]
    assert [(row["iteration"], row["loss"]) for row in train if row["loss"] is not None] == told[
        "loss"
    ]
    assert [(row["iteration"], row["lr"]) for row in train if row["lr"] is not None] == told["lr"]
    assert sorted(outputs(train)) == sorted(told["Train"])
    assert sorted(outputs(test, "net")) == sorted(told["Test"])


def test_plot_and_report_agree_on_every_output(shared: Path) -> None:
    logs = sorted(path for path in (shared / "corpus" / "logs").rglob("*") if path.is_file())
    for path in logs:
        log = parse_log(path)
        plotted = {
            (panel.title, line_words(line, is_whole=False))
            for panel in grouped_lines([log.contents], (), Selection())
            for line in panel.lines
            if not panel.is_rate
        }
        reported = {
            (chart.title.lower(), line.name.rpartition(": ")[2].partition(" (not finite")[0])
            for chart in curve_charts([log.contents])[1]
            for line in chart.lines()
            if not chart.is_rate
        }
        assert plotted == reported, path
        for title, name in plotted:
            is_accuracy = re.search(r"acc|top[-_]?[15]|detection_eval", name) is not None
            assert title == ("accuracy" if is_accuracy else "loss"), (path, name)
