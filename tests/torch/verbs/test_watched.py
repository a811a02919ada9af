"""Modules that return more blobs, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.net.loading import load
from caffetools.torch.training.model import outputs_of
from caffetools.torch.verbs.watched import runnable, watched_module
from tests.nets import given, layer, net
from tests.torch.verbs.nets import folder


@pytest.mark.parametrize(
    ("alone", "names"), [(False, ["accuracy", "loss", "fc", "data"]), (True, ["fc", "data"])]
)
def test_blobs(tmp_path: Path, *, alone: bool, names: list[str]) -> None:
    path = folder(tmp_path)
    loaded = load(path / "net.prototxt", "test")
    weights = [str(path / "net.caffemodel")]
    module = watched_module(loaded, weights, ["fc", "data"], alone=alone)
    assert not module.training
    data = torch.full((2, 1, 2, 2), 4.0)
    found = outputs_of(module, module(data, torch.zeros(2)))
    assert list(found) == names
    assert found["fc"].tolist() == [[4, 12, 18]] * 2
    assert found["data"] is data


def test_refusals(tmp_path: Path) -> None:
    path = folder(tmp_path)
    loaded = load(path / "net.prototxt", "test")
    with pytest.raises(CaffeToolsError, match="the net has no blob 'x'"):
        watched_module(loaded, [], ["x"])
    unknown = net(given("d", 1) + layer("Unknown", "u", "d", "u"))
    with pytest.raises(CaffeToolsError, match="unknown type 'Unknown' cannot be run") as caught:
        runnable(unknown)
    assert caught.value.location == ("net.prototxt", 2, 19)
