"""`caffetools shapes`: whole outputs in golden files, which add up, and what options do."""

from __future__ import annotations

import csv
import json
import re
import sys
from math import ceil, floor, trunc
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from caffetools.cli import main
from caffetools.layers.registry import REGISTRY
from tests import nets
from tests.commands import ROOT, run
from tests.conftest import GOLDEN, Golden
from tests.logs import net_log
from tests.nets import layer

NETS = {
    "lenet": "examples/lenet/train_test.prototxt",
    "caffenet": "examples/caffenet/deploy.prototxt",
    "odd": "tests/golden/odd.prototxt",
}
FORMS = {
    "table.txt": ["--format", "table"],
    "json": ["--format", "json"],
    "csv": ["--format", "csv"],
    "md": ["--format", "markdown"],
    "log": ["--format", "caffe-log"],
    "explain.txt": ["--explain"],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("net", NETS)
def test_golden(golden: Golden, monkeypatch: pytest.MonkeyPatch, net: str, form: str) -> None:
    monkeypatch.chdir(ROOT)
    status, out, err = run("shapes", NETS[net], *FORMS[form])
    assert (status, err) == (0, "")
    if form == "json":
        assert out.count("\n") == 1
        out = json.dumps(json.loads(out), indent=1) + "\n"
    golden.check(f"shapes/{net}.{form}", out)


# What the golden files must say whoever writes them anew.


def golden_text(net: str, form: str) -> str:
    return (GOLDEN / f"shapes/{net}.{form}").read_bytes().decode()


def number(text: str) -> int:
    return int(text.strip("* ").replace(",", ""))


@pytest.fixture(params=NETS)
def net(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def data(net: str) -> dict[str, Any]:
    """The net's JSON."""
    found: dict[str, Any] = json.loads(golden_text(net, "json"))
    return found


def test_the_table_sums_to_its_totals(net: str, data: dict[str, Any]) -> None:
    lines = golden_text(net, "table.txt").splitlines()
    head, rule, *body = lines[: lines.index("")]
    rows, total = body[: body.index(rule)], body[-1]
    for title, key in (("parameters", "params"), ("MACs", "macs")):
        end = head.index(title) + len(title)
        start = end - 14
        *cells, whole = (row[start:end].rpartition("  ")[2] for row in (*rows, total))
        assert sum(number(cell) for cell in cells if cell not in {"", "shared"}) == number(whole)
        assert number(whole) == data["totals"][key]


def shape_of(top: dict[str, Any]) -> str:
    return " x ".join(map(str, top["shape"])) or "scalar"


def expected_rows(data: dict[str, Any]) -> list[tuple[str, int, int]]:
    """The shape, parameters and multiply-accumulates that each row of a table has."""
    rows = []
    for each in data["layers"]:
        own = sum(param["count"] for param in each["params"] if param["owner"] is None)
        shapes = [shape_of(top) for top in each["tops"]] or [""]
        rows.append((shapes[0], own, each["macs"]))
        rows.extend((shape, 0, 0) for shape in shapes[1:])
    return rows


def test_csv_says_what_the_json_says(net: str, data: dict[str, Any]) -> None:
    found = list(csv.DictReader(golden_text(net, "csv").splitlines()))
    assert [
        (row["shape"], int(row["parameters"] or 0), int(row["MACs"] or 0)) for row in found
    ] == expected_rows(data)
    assert [row["layer"] for row in found if row["layer"]] == [
        each["key"] for each in data["layers"]
    ]


def test_markdown_says_what_the_json_says(net: str, data: dict[str, Any]) -> None:
    lines = golden_text(net, "md").splitlines()
    table = [line.strip("|").split(" | ") for line in lines[2 : lines.index("")]]
    cells = [[cell.strip() for cell in row] for row in table]
    assert [
        (row[3].replace("\\", ""), number(row[5] or "0"), number(row[6] or "0"))
        for row in cells[:-1]
    ] == expected_rows(data)
    totals = data["totals"]
    assert [number(cells[-1][index]) for index in (5, 6)] == [totals["params"], totals["macs"]]


def test_the_log_ends_with_the_memory_of_the_json(net: str, data: dict[str, Any]) -> None:
    text = golden_text(net, "log")
    memory = [int(found) for found in re.findall(r"Memory required for data: (\d+)", text)]
    assert memory == sorted(memory)
    assert memory[-1] == data["totals"]["memory_bytes"]
    counts = [int(found) for found in re.findall(r"Top shape: .*\((\d+)\)", text)]
    assert 4 * sum(counts) == memory[-1]
    layers = re.findall(r"Creating Layer (.*)", text)
    own = [name for name in layers if not name.endswith("_split")]
    assert own == [each["name"] for each in data["layers"]]
    assert len(re.findall("backward computation", text)) == len(layers)


def test_every_formula_is_worth_its_value(net: str, data: dict[str, Any]) -> None:
    words = {"floor": floor, "ceil": ceil, "trunc": trunc, "__builtins__": {}}
    text = golden_text(net, "explain.txt")
    steps = re.findall(r"^    ([^:]+): (.+) = (-?[\d,]+)$", text, re.MULTILINE)
    assert len(steps) > 10
    for _, formula, value in steps:
        assert eval(formula, words) == number(value), formula
    macs = [number(value) for name, _, value in steps if name == "multiply-accumulates"]
    assert sum(macs[:-1]) == macs[-1] == data["totals"]["macs"]
    assert macs[:-1] == [each["macs"] for each in data["layers"] if each["macs"]]


def test_the_json_adds_up(data: dict[str, Any]) -> None:
    params = [param for each in data["layers"] for param in each["params"]]
    owned = [param for param in params if param["owner"] is None]
    totals = data["totals"]
    assert totals["params"] == sum(param["count"] for param in owned)
    assert totals["params"] == sum(
        totals[kind] for kind in ("learnable_params", "frozen_params", "statistics")
    )
    assert totals["macs"] == sum(each["macs"] for each in data["layers"])
    assert totals["memory_bytes"] >= totals["unique_memory_bytes"]


# Options.

DATA = nets.given("data", 2, 3)


def json_of(text: str, *options: str) -> dict[str, Any]:
    status, out, _ = run("shapes", "-", "--format", "json", *options, stdin=text.encode())
    assert status == 0
    found: dict[str, Any] = json.loads(out)
    return found


def names(data: dict[str, Any]) -> list[str]:
    return [each["name"] for each in data["layers"]]


def test_the_state_of_the_net() -> None:
    text = (
        DATA
        + layer("ReLU", "train", "data", "data", "include { phase: TRAIN }")
        + layer("ReLU", "test", "data", "data", "include { phase: TEST }")
        + layer("ReLU", "s", "data", "data", 'include { stage: "s" }')
        + layer("ReLU", "high", "data", "data", "include { min_level: 1 }")
    )
    assert names(json_of(text)) == ["data", "train"]
    assert json_of(text)["phase"] == "TRAIN"
    tested = json_of(text, "--phase", "test", "--stage", "r", "--stage", "s", "--level", "1")
    assert names(tested) == ["data", "test", "s", "high"]
    assert tested["phase"] == "TEST"


def test_shapes_that_the_user_gives() -> None:
    text = layer("Data", "d", "", "data label", "data_param { batch_size: 8 }")
    given = json_of(text, "--input-shape", "data=1,2", "--input-shape", "label=")
    assert [top["shape"] for top in given["layers"][0]["tops"]] == [[1, 2], []]
    item = json_of(text, "--data-shape", "3,4,5")
    assert [top["shape"] for top in item["layers"][0]["tops"]] == [[8, 3, 4, 5], [8]]
    batch = json_of(text, "--data-shape", "3,4,5", "--batch-size", "2")
    assert [top["shape"] for top in batch["layers"][0]["tops"]] == [[2, 3, 4, 5], [2]]


UNKNOWN = DATA + layer("Unheard", "u", "data", "u")
NOTE = "<stdin>:2:1: note: unknown layer type 'Unheard'; its output shapes are unknown\n"


def test_json_goes_alone_to_standard_output_and_notes_to_standard_error() -> None:
    status, out, err = run("shapes", "-", "--format", "json", stdin=UNKNOWN.encode())
    assert (status, err) == (0, NOTE)
    assert json.loads(out)["notes"] == [
        {"location": "<stdin>:2:1", "message": NOTE.partition("note: ")[2].strip()}
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DATA, (0, "")),
        (UNKNOWN, (1, NOTE + "expected no note with --strict, found 1\n")),
        (
            UNKNOWN + layer("Unheard", "v", "u", "v"),
            (
                1,
                NOTE + NOTE.replace(":2:1", ":3:1") + "expected no note with --strict, found 2\n",
            ),
        ),
    ],
)
def test_strict(text: str, expected: tuple[int, str]) -> None:
    status, out, err = run("shapes", "-", "--strict", stdin=text.encode())
    assert (status, err) == expected
    assert out.startswith("layer")


def test_no_log_is_printed_where_a_shape_is_not_known() -> None:
    status, out, err = run("shapes", "-", "--format", "caffe-log", stdin=UNKNOWN.encode())
    assert (status, out) == (1, "")
    assert "<stdin>:2:1: the output shapes of layer 'u' are unknown" in err


def test_a_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(REGISTRY, "_classes", dict(REGISTRY._classes))
    plugin = tmp_path / "own.py"
    plugin.write_text(
        "from caffetools import register\n"
        "from caffetools.layers.base import Facts, Layer\n"
        "@register\n"
        "class Unheard(Layer):\n"
        '    type = "Unheard"\n'
        "    def facts(self, bottoms):\n"
        "        return Facts(((7,),))\n"
    )
    found = json_of(UNKNOWN, "--plugin", str(plugin))
    assert found["layers"][1]["tops"][0]["shape"] == [7]
    assert found["notes"] == []


def terminal(monkeypatch: pytest.MonkeyPatch, columns: int, path: str | Path) -> str:
    """What a terminal of a width gets to see of a net."""
    monkeypatch.setenv("COLUMNS", str(columns))
    runner = CliRunner()
    with runner.isolation(color=True) as streams:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        main(["shapes", str(path)], standalone_mode=False)
        sys.stdout.flush()
        return streams[0].getvalue().decode()


def test_a_terminal_has_colours_and_a_width(monkeypatch: pytest.MonkeyPatch) -> None:
    out = terminal(monkeypatch, 90, ROOT / NETS["caffenet"])
    assert out.startswith("\x1b[1mlayer\x1b[0m")
    plain = re.sub(r"\x1b\[\d*m", "", out)
    table = plain[: plain.index("\n\n")].splitlines()
    assert max(map(len, table)) <= 90
    assert "field/stride" not in table[0]
    assert "parameters" in table[0]


def test_what_is_not_known_has_a_colour_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(UNKNOWN)
    row = terminal(monkeypatch, 200, path).splitlines()[3]
    assert row.startswith("u      Unheard  u     \x1b[33m?\x1b[0m")
    assert row.count("\x1b[33m?\x1b[0m") == 3


def test_a_narrow_terminal_says_what_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = re.sub(r"\x1b\[\d*m", "", terminal(monkeypatch, 60, ROOT / NETS["lenet"])).splitlines()
    assert max(map(len, lines)) <= 60
    assert any(line.startswith("not shown at this width: ") for line in lines)


def test_layers_are_sorted() -> None:
    out = run("shapes", ROOT / NETS["caffenet"], "--sort", "params", "--format", "csv").out
    assert [row["layer"] for row in csv.DictReader(out.splitlines())][:3] == ["fc6", "fc7", "conv3"]


def test_a_pipe_has_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    out = run("shapes", ROOT / NETS["caffenet"]).out
    assert "\x1b" not in out
    assert out == golden_text("caffenet", "table.txt")


def test_a_log_is_a_net(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    log.write_text(net_log())
    status, out, err = run("shapes", log, "--format", "json")
    assert (status, err) == (0, "")
    assert json.loads(out)["totals"]["params"] == (3 * 3 * 3 + 1) * 4 + (4 * 6 * 6 + 1) * 5
    assert json.loads(out)["layers"][1]["location"] == f"{log}:20:1"
    status, out, err = run("shapes", log, "--phase", "test")
    assert (status, out) == (1, "")
    assert err == (
        f"{log}: this is a log: expected an echoed TEST net, found one for TRAIN, at line 2\n"
    )
