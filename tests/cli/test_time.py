"""`caffetools time`: formats, and a log that is read back."""

from __future__ import annotations

import json
from pathlib import Path

from tests.commands import ROOT, run

LENET = ROOT / "examples" / "lenet" / "train_test.prototxt"
MODEL = ("time", "--model", LENET, "--data-shape", "1,28,28", "--iterations", "2")


def test_a_table(tmp_path: Path) -> None:
    ran = run(*MODEL, "--batch-size", "2")
    rows = [line.split("  ")[0] for line in ran.out.splitlines()]
    assert rows[2:4] == ["conv1", "pool1"]
    assert rows[10:12] == ["sum of the layers", "the whole"]
    assert ran.out.splitlines()[-1].startswith("peak memory: ")
    (tmp_path / "log").write_text(ran.err)
    data = json.loads(run("parse-log", tmp_path / "log", "--format", "json").out)
    assert [each["layer"] for each in data["timings"]][:3] == ["conv1", "conv1", "pool1"]
    assert len(data["net_timings"]) == 2


def test_data() -> None:
    data = json.loads(run(*MODEL, "--batch-size", "2", "--format", "json").out)
    first = data["rows"][0]
    assert (first["layer"], first["type"]) == ("conv1", "Convolution")
    assert 0 < first["forward_min_ms"] <= first["forward_median_ms"]
    assert data["peak_bytes"] > 0
    lines = run(*MODEL, "--batch-size", "2", "--phase", "test", "--format", "csv").out.splitlines()
    assert lines[0] == "layer,type,forward ms,median,backward ms,median,GFLOP/s"
    assert "accuracy,Accuracy" in "\n".join(lines)


def test_an_unknown_shape() -> None:
    text = b'layer { name: "d" type: "Input" top: "d" }'
    ran = run("time", "--model", "-", stdin=text)
    assert ran.status == 1
    assert "the shape of the input 'd' is unknown; use --input-shape" in ran.err
