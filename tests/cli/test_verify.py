"""`caffetools verify`: blob by blob, and the first layer that differs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caffetools.net.loading import from_text
from tests.commands import Ran, run
from tests.torch.nets import PHASES, drawn, stored

pytest.importorskip("torch")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "net.prototxt").write_text(PHASES)
    (tmp_path / "w.caffemodel").write_bytes(stored(drawn(from_text(PHASES))))
    return tmp_path


def verify(folder: Path, *options: object) -> Ran:
    weights = ("--weights", folder / "w.caffemodel")
    return run("verify", folder / "net.prototxt", *weights, "--phase", "test", *map(str, options))


def test_shapes_alone(files: Path) -> None:
    ran = verify(files)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines()[-1] == "shapes of 3 blobs compared, values of 0"


def test_values_of_a_file(files: Path) -> None:
    data, label = np.ones((3, 4), np.float32), np.zeros(3, np.float32)
    weight, bias = drawn(from_text(PHASES))["ip"]
    arrays: Any = {"in/data": data, "in/label": label, "blob/ip": data @ weight.T + bias}
    np.savez(files / "right.npz", **arrays)
    ran = verify(files, "--against", files / "right.npz")
    assert (ran.status, ran.err) == (0, "")
    assert "shapes of 3 blobs compared, values of 1" in ran.out
    arrays["blob/ip"] = arrays["blob/ip"] + 1
    np.savez(files / "wrong.npz", **arrays)
    ran = verify(files, "--against", files / "wrong.npz")
    assert ran.status == 1
    assert ran.err == f"{files / 'net.prototxt'}: 1 differ, the first in layer 'ip': 'ip'\n"
    assert [line.split()[-1] for line in ran.out.splitlines()[2:5]] == [
        "differs",
        "scalar",
        "scalar",
    ]


def test_weights_that_do_not_fit(files: Path) -> None:
    wrong = {"ip": [np.zeros((2, 4), np.float32), np.zeros(3, np.float32)]}
    (files / "w.caffemodel").write_bytes(stored(wrong))
    ran = verify(files)
    assert ran.status == 1
    assert ran.err.endswith("blob 0 of layer 'ip' expected 3 x 4, found 2 x 4\n")


def test_a_net_with_a_layer_to_fill_in(files: Path) -> None:
    odd = 'layer { name: "o" type: "Odd" bottom: "ip" top: "o" }'
    (files / "net.prototxt").write_text(PHASES + odd)
    ran = verify(files)
    assert ran.status == 1
    assert "layer 'o' of type 'Odd' cannot be exported" in ran.err
