"""`caffetools upgrade`: nets of every age, of solvers and models; what is told beside."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import run
from tests.protobuf_classes import protobuf_classes

V0 = """\
name: "n"
layers { bottom: "data" top: "p" layer { name: "p" type: "padding" pad: 1 } }
layers { bottom: "p" top: "c" layer { name: "c" type: "conv" num_output: 2 kernelsize: 3 k: 1 } }
input: "data" input_dim: [1, 3, 8, 8]
"""
TODAY = """\
name: "n"

layer {
  name: "input"
  type: "Input"
  top: "data"
  input_param {
    shape { dim: 1 dim: 3 dim: 8 dim: 8 }
  }
}

layer {
  name: "c"
  type: "Convolution"
  bottom: "data"
  top: "c"
  convolution_param {
    num_output: 2
    kernel_size: 3
    pad: 1
  }
}
"""


def test_a_former_net(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(V0)
    note = f"{path}:3:90: note: Caffe drops 'k' from a layer of V0's type 'conv'\n"
    assert run("upgrade", path) == (0, TODAY, note)


def test_what_is_printed_is_of_today() -> None:
    assert run("upgrade", "-", stdin=TODAY.encode()) == (0, TODAY, "")
    assert run("fmt", "--check", "-", stdin=TODAY.encode()) == (0, "", "")


@pytest.mark.parametrize(("phase", "name"), [("train", "a"), ("TEST", "b")])
def test_the_net_of_a_solver(tmp_path: Path, phase: str, name: str) -> None:
    path = tmp_path / "solver.prototxt"
    path.write_text("train_net_param { name: 'a' layer {} } test_net_param { name: 'b' layer {} }")
    expected = f'name: "{name}"\n\nlayer {{}}\n'
    assert run("upgrade", path, "--phase", phase) == (0, expected, "")


def test_a_caffemodel_without_its_weights(tmp_path: Path) -> None:
    path = tmp_path / "net.caffemodel"
    param = {"num_output": 2, "weight_filler": {"std": 0.1}}
    layer = {"name": "ip", "inner_product_param": param, "blobs": [{"data": [1, 2]}]}
    net = protobuf_classes()["NetParameter"](layer=[layer])
    path.write_bytes(net.SerializeToString())
    expected = """\
layer {
  name: "ip"
  inner_product_param {
    num_output: 2
    weight_filler { std: 0.1 }
  }
}
"""
    assert run("upgrade", path) == (0, expected, "")


def test_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text("layer {}\nlayers {}")
    status, out, err = run("upgrade", path)
    assert (status, out) == (1, "")
    assert err.startswith(f"{path}:2:1: expected layers of one form")
