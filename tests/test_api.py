"""The Python interface: found by help() and completion, documented, typed, and on objects."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import caffetools

ROOT = Path(__file__).parents[1]
LENET = str(ROOT / "examples" / "lenet" / "deploy.prototxt")
FUNCTIONS = [name for name in caffetools.__all__ if inspect.isfunction(getattr(caffetools, name))]


def test_names_are_completed() -> None:
    assert set(caffetools.__all__) <= set(dir(caffetools))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_documented_and_typed(name: str) -> None:
    function = getattr(caffetools, name)
    text = inspect.getdoc(function) or ""
    assert "\nExamples\n--------\n" in text
    parameters = inspect.signature(function).parameters.values()
    assert all(each.annotation is not inspect.Parameter.empty for each in parameters)
    missing = [each.name for each in parameters if each.name not in text]
    assert not missing or "Parameters\n" not in text


def test_a_net_is_a_line_a_table_and_a_mapping() -> None:
    net = caffetools.load(LENET)
    assert repr(net) == "<Net 'LeNet': TRAIN, 9 layers, 431,080 parameters>"
    assert str(net).splitlines()[0].split() == [
        *("layer", "type", "top", "shape", "kernel/stride/pad", "parameters"),
        *("MACs", "field/stride"),
    ]
    layer = net["conv2"]
    assert (layer.name, layer.type) == ("conv2", "Convolution")
    assert (layer.bottom_names, layer.top_names) == (("pool1",), ("conv2",))
    with pytest.raises(KeyError, match="the net has no layer 'conv9'"):
        net["conv9"]


def test_data_frames() -> None:
    pytest.importorskip("pandas")
    frame = caffetools.load(LENET).to_dataframe()  # type: ignore[attr-defined]
    assert list(frame["parameters"].dropna()) == [520, 25050, 400500, 5010]


def test_options_that_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--standalone needs --solver"):
        caffetools.export(LENET, tmp_path / "out", standalone=True)
    assert list(tmp_path.iterdir()) == []


def test_a_checkout_is_no_namespace(tmp_path: Path) -> None:
    """The folder above has a folder of the package's name, which Python would take for one."""
    (tmp_path / "caffetools").symlink_to(ROOT)
    program = "import caffetools; print(caffetools.load.__name__)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "load\n", done.stderr
