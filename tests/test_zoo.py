"""The table of public models, the program that checks them, and what it wrote."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import caffetools
from tests.commands import ROOT

ZOO = ROOT / "examples" / "zoo"
COLUMNS = [
    "family",
    "name",
    "repo",
    "path",
    "commit",
    "sha256",
    "kind",
    "phase",
    "parameters",
    "counted_by",
    "shapes",
    "values",
    "weights",
    "weights_sha256",
    "accuracy",
]

CHAIN = """
layer { name: "d" type: "Input" top: "d" input_param { shape { dim: 9 dim: 3 } } }
layer { name: "r" type: "ReLU" bottom: "d" top: "r" }
"""
CASES = {
    "inner.prototxt": """
layer { name: "d" type: "Input" top: "d" input_param { shape { dim: 9 dim: $CHANNELS } } }
layer { name: "i" type: "InnerProduct" bottom: "d" top: "i" inner_product_param { num_output: 4 } }
""",
    "relu.prototxt": CHAIN,
    "bad.prototxt": CHAIN.replace('bottom: "d"', 'bottom: "x"'),
    "unknown.prototxt": CHAIN.replace("ReLU", "Relieve"),
}
PARAMETERS = {"inner.prototxt": 4 * 3 + 4, "relu.prototxt": 1}
"""As the table has them; relu.prototxt has none."""

EXPECTED = """\
| stage | models | of |
| --- | --- | --- |
| reads | 3 | 4 |
| shapes | 1 | 3 |
| PyTorch | 1 | 1 |
| ONNX | 1 | 1 |
| OpenCV 4 | 0 | 0 |
| weights | 1 | 1 |

| family | model | parameters | reads | shapes | PyTorch | ONNX | OpenCV 4 | weights | accuracy |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| Small | [inner](LINK/inner.prototxt) | 16 | yes | whole | runs | DIFFERENCE |  | real | 9 % |
| Small | [relu](LINK/relu.prototxt) | 1 | yes | no |  |  |  |  |  |
| Small | [bad](LINK/bad.prototxt) |  | no |  |  |  |  |  |  |
| Small | [unknown](LINK/unknown.prototxt) |  | yes | no |  |  |  |  |  |
| Small | [absent](ABSENT) |  | absent |  |  |  |  |  |  |

## Reasons

- relu, shapes: 0 parameters, expected 1
- bad, reads: bad.prototxt:3:32: unknown bottom 'x' of layer 'r': it is no top of an earlier layer
- unknown, shapes: unknown layer type 'Relieve'; its output shapes are unknown
"""


def table() -> list[dict[str, str]]:
    with (ZOO / "zoo.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def test_the_table_has_models_of_many_repositories() -> None:
    rows = table()
    assert len(rows) >= 150
    assert len({row["repo"] for row in rows}) >= 50
    for column in ("name", "sha256"):
        found = [row[column] for row in rows]
        assert len(set(found)) == len(found)


def test_the_form_of_the_table() -> None:
    forms = {
        "repo": r"[\w.-]+/[\w.-]+",
        "path": r"[^/\s].*",
        "commit": r"[0-9a-f]{40}",
        "sha256": r"[0-9a-f]{64}",
        "kind": "deploy|train_val|test",
        "phase": "test|train",
        "parameters": r"\d*",
        "counted_by": "(Caffe|caffetools)?",
        "shapes": r"(\w+=\d+(,\d+)*( |$))*",
        "values": r"([A-Z_]+=[\d.]+( |$))*",
        "weights_sha256": r"([0-9a-f]{64})?",
    }
    for row in table():
        assert list(row) == COLUMNS
        assert all(re.fullmatch(form, row[name]) for name, form in forms.items()), row
        assert bool(row["weights"]) == bool(row["weights_sha256"])
        assert bool(row["parameters"]) == bool(row["counted_by"])


def test_the_status_is_of_the_table() -> None:
    rows, text = table(), (ZOO / "STATUS.md").read_text(encoding="utf-8")
    assert f" {len(rows)} models of {len({row['repo'] for row in rows})} repositories." in text
    shown = re.findall(r"^\| [^|]+ \| \[(.*)\]\(https://github.com/(\S+)\) \|", text, re.MULTILINE)
    wanted = [(row["name"], f"{row['repo']}/blob/{row['commit']}/{row['path']}") for row in rows]
    assert shown == wanted


def test_detections_are_compared_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenCV's rows: in another order, with an empty one. The second is 0.5 off."""
    for needed in ("torch", "onnx", "onnxruntime"):
        pytest.importorskip(needed)
    spec = importlib.util.spec_from_file_location("zoo_stages", ZOO / "stages.py")
    assert spec is not None
    assert spec.loader is not None
    stages = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, stages)  # its dataclass looks there
    spec.loader.exec_module(stages)
    wanted = np.arange(1, 15, dtype=np.float32).reshape(1, 1, 2, 7)
    found = np.concatenate([wanted[:, :, ::-1], np.zeros((1, 1, 1, 7), np.float32)], axis=2)
    assert stages.compared([found], [wanted]) == "0e+00"
    found[0, 0, 0, 6] += 0.5
    with pytest.raises(ValueError, match="differs by 4e-02 of the largest"):
        stages.compared([found], [wanted])
    with pytest.raises(ValueError, match="shapes differ"):
        stages.compared([found[:, :, :1]], [wanted])


def git(folder: Path, *command: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    made = subprocess.run(
        ["git", *identity, *command], cwd=folder, check=True, capture_output=True, text=True
    )
    return made.stdout.strip()


@pytest.fixture
def clones(tmp_path: Path) -> Path:
    """A folder with a clone of a repository that holds the nets and weights of one."""
    for needed in ("torch", "safetensors", "onnx", "onnxruntime", "onnxscript"):
        pytest.importorskip(needed)
    clone = tmp_path / "clones" / "owner+name"
    clone.mkdir(parents=True)
    for name, text in CASES.items():
        (clone / name).write_text(text)
    net = caffetools.from_text(CASES["inner.prototxt"].replace("$CHANNELS", "3"))
    caffetools.pack(net, caffetools.module(net).state_dict(), clone / "inner.caffemodel")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "nets"]):
        git(clone, *command)
    return clone.parent


def write_table(path: Path, clone: Path) -> str:
    """Write the table of the clone's nets and of an absent one; returns the commit."""
    commit = git(clone, "rev-parse", "HEAD")
    rows = []
    for name in (*CASES, "absent.prototxt"):
        row = dict.fromkeys(COLUMNS, "")
        row |= {"family": "Small", "name": name.partition(".")[0], "repo": "owner/name"}
        row |= {"path": name, "commit": commit, "phase": "test"}
        row["parameters"] = str(PARAMETERS.get(name, ""))
        row["sha256"] = hashlib.sha256(CASES.get(name, "").encode()).hexdigest()
        rows.append(row)
    stored = (clone / "inner.caffemodel").read_bytes()
    rows[0] |= {"values": "CHANNELS=3", "shapes": "d=2,3", "accuracy": "9 %"}
    rows[0] |= {"weights": "inner.caffemodel", "weights_sha256": hashlib.sha256(stored).hexdigest()}
    rows[-1]["repo"] = "other/name"
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, COLUMNS, delimiter="\t")
        writer.writeheader()
        writer.writerows(rows)
    return commit


def test_the_program_writes_the_status(clones: Path, tmp_path: Path) -> None:
    """What OpenCV is installed does not matter: one without an importer comes first."""
    table, results, status = (tmp_path / name for name in ("zoo.tsv", "kept.jsonl", "STATUS.md"))
    commit = write_table(table, clones / "owner+name")
    (tmp_path / "cv2.py").write_text("dnn = None\n")
    command = [sys.executable, str(ZOO / "check.py"), "--clones", str(clones)]
    command += ["--table", str(table), "--results", str(results), "-o", str(status)]
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    made = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, check=False, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    link = f"https://github.com/owner/name/blob/{commit}"
    expected = EXPECTED.replace("LINK", link).replace(
        "ABSENT", link.replace("owner", "other") + "/absent.prototxt"
    )
    header, _, found = status.read_text(encoding="utf-8").partition("\n\n|")
    assert " 5 models of 2 repositories. " in header
    found = f"|{found}"
    assert re.sub(r"\d+e[-+]\d+", "DIFFERENCE", found) == expected
    assert len(results.read_text().splitlines()) == len(CASES) + 1
