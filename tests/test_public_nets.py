"""Public nets compared with what real Caffe found of them, and the program that compares them."""

from __future__ import annotations

import csv
import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import public_nets
from tests.public_nets import check, content, differences, expected

NET = """
layer { name: "d" type: "Input" top: "d" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "i" type: "InnerProduct" bottom: "d" top: "i" inner_product_param { num_output: 4 } }
"""
ROW: dict[str, Any] = {
    "repo": "owner/name",
    "commit": "0" * 40,
    "path": "models/net.prototxt",
    "sha256": hashlib.sha256(NET.encode()).hexdigest(),
    "phase": "TRAIN",
    "inputs": {},
    "tops": [[[2, 3]], [[2, 4]]],
    "params": [[], [[4, 3], [4]]],
    "backward": "-0",
    "total": 4 * 3 + 4,
    "memory": None,
}


def test_public_nets_as_caffe_built_them(shared: Path) -> None:
    with (shared / "corpus" / "index.tsv").open(encoding="utf-8", newline="") as index:
        files = {row["sha256"]: row["file"] for row in csv.DictReader(index, delimiter="\t")}
    rows = expected()
    assert len(rows) == 636 + 45
    wrong = {}
    for row in rows:
        data = (shared / "corpus" / files[row["sha256"]]).read_bytes()
        wrong.update(dict.fromkeys(differences(row, data), row["path"]))
    assert wrong == {}


def test_a_net_that_is_equal() -> None:
    assert list(differences(ROW, NET.encode())) == []


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("tops", [[[2, 3]], [[2, 5]]], "[[[2, 3]], [[2, 4]]]"),
        ("params", [[], [[4, 3]]], "[[], [[4, 3], [4]]]"),
        ("backward", "-1", "-0"),
        ("total", 15, "16"),
        ("memory", 1, "56"),
    ],
)
def test_what_differs_is_named(name: str, value: Any, found: str) -> None:
    """Memory: 2 * 3 + 2 * 4 floats."""
    assert list(differences({**ROW, name: value}, NET.encode())) == [
        f"{name}: found {found}, Caffe has {value}"
    ]


@pytest.fixture
def clones(tmp_path: Path) -> Path:
    """A folder with a clone without a work tree that holds the net."""
    source = tmp_path / "source"
    (source / "models").mkdir(parents=True)
    (source / ROW["path"]).write_text(NET)
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    for command in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "net")):
        subprocess.run(["git", *command], cwd=source, check=True)
    clone = ["git", "clone", "-q", "--bare", str(source), str(tmp_path / "owner" / "name")]
    subprocess.run(clone, check=True)
    return tmp_path


def test_the_file_is_found_by_its_hash(clones: Path) -> None:
    assert content(clones, ROW) == NET.encode()
    assert content(clones, {**ROW, "sha256": "0" * 64}) is None
    assert content(clones, {**ROW, "repo": "other/name"}) is None


def test_a_net_in_a_cpp_file(tmp_path: Path) -> None:
    (tmp_path / "owner+name").mkdir()
    text = 'string proto = "layer {\\n"  // first\n      "}";\nother("no");'
    (tmp_path / "owner+name" / "test.cpp").write_text(text.replace("  // first", ""))
    found = {**ROW, "path": "test.cpp", "sha256": hashlib.sha256(b"layer {\n}").hexdigest()}
    assert content(tmp_path, found) == b"layer {\n}"


def test_the_program_counts(
    clones: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    others = [{**ROW, "total": 1}, {**ROW, "repo": "other/name"}]
    monkeypatch.setattr(public_nets, "expected", lambda: [ROW, *others])
    assert check(clones) == (1, 2, 1)
    wrong = "  owner/name models/net.prototxt TRAIN: total: found 16, Caffe has 1\n"
    assert capsys.readouterr().out == wrong
    assert check(clones, "other") == (0, 0, 1)
