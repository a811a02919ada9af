"""Functions on nets and weights as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import caffetools
from caffetools.formats.caffemodel import caffemodel

LENET = "layer { name: 'x' type: 'Input' top: 'x' input_param { shape { dim: 1 dim: SIZE } } }\n"


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.prototxt"
    path.write_text(LENET.replace("SIZE", "4"), "utf-8")
    return path


def test_diff(net: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.prototxt"
    other.write_text(LENET.replace("SIZE", "5"), "utf-8")
    assert caffetools.diff(net, net) == []
    assert caffetools.diff(net, caffetools.load(other))[0] == "~ x (Input)"


def test_upgrade_and_format(tmp_path: Path) -> None:
    path = tmp_path / "old.prototxt"
    path.write_text("layers{name:'r' type:RELU bottom:'x'top:'y'} # end", "utf-8")
    assert 'type: "ReLU"' in caffetools.upgrade(path)
    text = caffetools.format(path)
    assert text.splitlines()[:2] == ["layers {", '  name: "r"']
    assert "# end" in text


def test_read_weights(tmp_path: Path) -> None:
    path = tmp_path / "net.caffemodel"
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    path.write_bytes(b"".join(caffemodel("n", [("ip", "InnerProduct", [values, values[0]])])))
    ((name, blobs),) = caffetools.read_weights(path).items()
    assert name == "ip"
    np.testing.assert_array_equal(blobs[0], values)
    assert blobs[1].shape == (3,)
    with pytest.raises(caffetools.CaffeToolsError, match="no such file"):
        caffetools.read_weights(tmp_path / "none")
