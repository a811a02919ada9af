from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.live_nets import INPUT, PRODUCT, caffe, live


class Scale(caffe.Layer):  # type: ignore[misc]
    """y = w x, with w from param_str at first."""

    def setup(self, bottom: Any, top: Any) -> None:
        self.blobs.add_blob(1)
        self.blobs[0].data[0] = float(self.param_str)
        self.seen = [bottom[0].data.shape, self.phase]

    def reshape(self, bottom: Any, top: Any) -> None:
        top[0].reshape(*bottom[0].data.shape)

    def forward(self, bottom: Any, top: Any) -> None:
        top[0].data[...] = self.blobs[0].data[0] * bottom[0].data

    def backward(self, top: Any, propagate_down: Any, bottom: Any) -> None:
        self.flags = propagate_down
        self.blobs[0].diff[0] += (top[0].diff * bottom[0].data).sum()
        if propagate_down[0]:
            bottom[0].diff[...] = self.blobs[0].data[0] * top[0].diff


class Count(caffe.Layer):  # type: ignore[misc]
    """Gives 1, 2, … in a blob that it shapes in setup."""

    def __init__(self, param: Any) -> None:
        super().__init__(param)
        self.count = 0

    def setup(self, bottom: Any, top: Any) -> None:
        top[0].reshape(2, 3)

    def reshape(self, bottom: Any, top: Any) -> None:
        pass

    def forward(self, bottom: Any, top: Any) -> None:
        self.count += 1
        top[0].data[...] = self.count


class Broken(Scale):
    """Fails in the phase that param_str names."""

    def setup(self, bottom: Any, top: Any) -> None:
        if self.param_str == "setup":
            raise OverflowError("in setup")
        self.blobs.add_blob(1)

    def forward(self, bottom: Any, top: Any) -> None:
        raise OverflowError("in forward")


@pytest.fixture(autouse=True)
def module() -> Iterator[None]:
    made = ModuleType("own_layers")
    vars(made).update(Scale=Scale, Count=Count, Broken=Broken, not_a_layer=3)
    sys.modules["own_layers"] = made
    yield
    del sys.modules["own_layers"]


def python(layer: str, param: str = "", bottom: str = "x", top: str = "y") -> str:
    options = f'module: "own_layers" layer: "{layer}" param_str: "{param}"'
    blobs = f'bottom: "{bottom}" ' if bottom else ""
    return (
        f'layer {{ name: "own" type: "Python" {blobs}top: "{top}" python_param {{ {options} }} }}\n'
    )


def test_a_layer_runs_forward_and_backward(tmp_path: Path) -> None:
    net = live(tmp_path, "force_backward: true\n" + INPUT + python("Scale", "3"), phase=1)
    layer = net.layers[1]
    assert isinstance(layer, Scale)
    assert (layer.seen, layer.type) == ([(2, 3), 1], "Python")
    assert net.params["own"][0].data.tolist() == [3]
    assert net.forward(x=np.full((2, 3), 2))["y"].tolist() == [[6] * 3] * 2
    net.blobs["y"].diff[...] = 1
    assert net.backward()["x"].tolist() == [[3] * 3] * 2
    assert (layer.flags, layer.blobs[0].diff[0]) == ([True], 6 * 2)


def test_a_layer_follows_the_shape_of_its_bottom(tmp_path: Path) -> None:
    net = live(tmp_path, INPUT + python("Scale", "3"))
    net.blobs["x"].reshape(5, 1)
    assert net.forward()["y"].shape == (5, 1)


def test_a_layer_without_bottoms_gives_data(tmp_path: Path) -> None:
    net = live(tmp_path, python("Count", bottom="", top="x") + PRODUCT)
    net.params["ip"][0].data[...] = 1
    assert net.forward()["y"].tolist() == [[3] * 2] * 2
    assert net.forward()["y"].tolist() == [[6] * 2] * 2
    assert net.blobs["y"].shape == [2, 2]


def test_parameters_are_saved_and_shared(tmp_path: Path) -> None:
    text = INPUT + python("Scale", "3")
    net = live(tmp_path, text)
    net.params["own"][0].data[0] = 8
    net.save(str(tmp_path / "a.caffemodel"))
    other = live(tmp_path, text, weights=str(tmp_path / "a.caffemodel"))
    assert other.layers[1].blobs[0].data[0] == 8
    third = live(tmp_path, text)
    third.share_with(net)
    net.params["own"][0].data[0] = 9
    assert third.layers[1].blobs[0].data[0] == 9


@pytest.mark.parametrize("when", ["setup", "forward"])
def test_what_a_layer_raises_reaches_the_script(tmp_path: Path, when: str) -> None:
    with pytest.raises(OverflowError, match=f"in {when}"):
        live(tmp_path, INPUT + python("Broken", when)).forward()


def test_a_class_that_is_no_layer(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"net.prototxt:2:\d+: expected a subclass of caffe"):
        live(tmp_path, INPUT + python("not_a_layer"))


def test_a_missing_module(tmp_path: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match="own_layers_2"):
        live(tmp_path, INPUT + python("Scale", "1").replace("own_layers", "own_layers_2"))


def test_a_built_in_rule_does_not_replace_a_users_class(tmp_path: Path) -> None:
    """pyloss.EuclideanLossLayer has a shape rule of its own for nets that do not run."""
    made = ModuleType("pyloss")
    vars(made)["EuclideanLossLayer"] = Scale
    sys.modules["pyloss"] = made
    try:
        text = python("EuclideanLossLayer", "2").replace("own_layers", "pyloss")
        assert isinstance(live(tmp_path, INPUT + text).layers[1], Scale)
    finally:
        del sys.modules["pyloss"]
