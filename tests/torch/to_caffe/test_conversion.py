"""Converting, cutting, verifying and saving."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.weights import read_layers
from caffetools.net.loading import from_text
from caffetools.proto.formatter import format_text
from caffetools.proto.source import Source
from caffetools.torch.to_caffe import aten_table
from caffetools.torch.to_caffe.conversion import ModelInput, call_operator
from caffetools.torch.to_caffe.draft import Draft, Top
from caffetools.torch.to_caffe.from_torch import from_torch
from tests.torch.drafts import converted, types


class Detector(nn.Module):
    """A backbone whose head Caffe does not have."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())

    def forward(self, data: Tensor) -> Tensor:
        x = self.body(data)
        return torch.topk(torch.erf(x).flatten(1), 2)[0]


X = torch.zeros(1, 3, 6, 6)


def test_an_error_says_where_to_cut_and_the_note_what_is_left() -> None:
    message = "'erf', operator erf: it has no exact form in Caffe's layers; cut here with"
    with pytest.raises(CaffeToolsError, match=re.escape(f"{message} --outputs 'body.2'")):
        from_torch(Detector(), X)
    net = from_torch(Detector(), X, outputs=["body.2"])
    assert types(net.prototxt) == ["Convolution", "BatchNorm", "Scale", "ReLU"]
    (note,) = net.notes
    assert note.message == "left to do after the net: 1 erf, 1 view, 1 topk, 1 getitem"


def test_several_outputs() -> None:
    net = from_torch(Detector(), X, outputs=["body.1", "body.2"])
    assert net.outputs == ("body.1_scale", "body.2")


def test_an_output_that_is_unknown() -> None:
    with pytest.raises(CaffeToolsError, match=r"unknown output 'body\.3'; did you mean body\.2"):
        from_torch(Detector(), X, outputs=["body.3"])


def test_a_net_that_computes_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(d: Draft, x: Top) -> Top:
        return d.one("ReLU", x, negative_slope=0.001)

    monkeypatch.setitem(aten_table.OPERATORS, "relu", wrong)
    with pytest.raises(CaffeToolsError, match="blob 'relu' differs from the source by 0"):
        converted(torch.relu)


def test_a_net_of_another_shape_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(aten_table.OPERATORS, "relu", lambda d, x: d.one("Flatten", x))
    message = "expected the shape 1 x 4 x 8 x 10, found 1 x 320 in Caffe"
    with pytest.raises(CaffeToolsError, match=message):
        converted(torch.relu)


def test_a_bug_of_a_composition_is_not_hidden() -> None:
    def broken(_: Draft, x: Top) -> object:
        return x.nothing  # type: ignore[attr-defined]

    with pytest.raises(AttributeError):
        call_operator(broken, None, Top("x", (1,)))
    with pytest.raises(CaffeToolsError, match="its arguments have no exact form"):
        call_operator(broken, None, Top("x", (1,)), Top("y", (1,)))
    with pytest.raises(CaffeToolsError, match="its arguments have no exact form"):
        call_operator(broken, None, Top("x", (1,)), extra=1)


def test_inputs_are_drawn_from_a_seed() -> None:
    first, second = (ModelInput("x", (2, 3)).values() for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert ModelInput("x", (1,), np.array([7])).values().tolist() == [7]


def test_saved_files_are_read_back(tmp_path: Path) -> None:
    net = converted(lambda x, f: f(x.flatten(1)), nn.Linear(320, 2))
    net.save(str(tmp_path / "net"))
    text = (tmp_path / "net.prototxt").read_text()
    assert text == net.prototxt == format_text(Source("", text))
    stored = read_layers(tmp_path / "net.caffemodel")
    assert {name: len(blobs) for name, blobs in stored.items()} == {"parts.0": 2}
    for blob, values in zip(stored["parts.0"], net.weights["parts.0"], strict=True):
        assert blob is not None
        np.testing.assert_array_equal(blob.as_float32(), values)
    with pytest.raises(CaffeToolsError, match="file exists") as error:
        net.save(str(tmp_path / "net"))
    assert error.value.location == Location(str(tmp_path / "net.caffemodel"))
    net.save(str(tmp_path / "net"), force=True)


def test_names_with_quotes_and_newlines() -> None:
    module = nn.Sequential()
    module.add_module('a "quoted"\nname', nn.ReLU())
    net = from_torch(module, X, input_names=['the "data"'])
    names = [layer.node.name for layer in from_text(net.prototxt).layers]
    assert names == ['the "data"', 'a "quoted"\nname']


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite(value: float) -> None:
    module = nn.Sequential(nn.Conv2d(3, 1, 1))
    nn.init.constant_(module[0].weight, value)  # type: ignore[arg-type]
    with pytest.raises(CaffeToolsError, match="'0', operator conv2d: the weight has values that"):
        from_torch(module, X)
