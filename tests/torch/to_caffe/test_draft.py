"""Layers under construction: shapes by the engine, refusals, messages."""

from __future__ import annotations

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.layers.registry import REGISTRY
from caffetools.proto import schema
from caffetools.torch.to_caffe.draft import built, options_field
from tests.torch.drafts import OLD, PLACE, drafted


def test_shapes_are_those_of_the_engine() -> None:
    d, x = drafted((1, 3, 10, 10))
    weight = np.zeros((6, 3, 3, 3))
    y = d.one("Convolution", x, blobs=[weight], num_output=6, kernel_size=3, bias_term=False)
    assert y.shape == (1, 6, 10 - 3 + 1, 10 - 3 + 1)
    assert [top.shape for top in d.add("Slice", y, tops=3)] == [(1, 2, 8, 8)] * 3
    assert d.makers[y.name].type == "Convolution"


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("Permute", {"order": [0, 2, 1]}, "the profile bvlc excludes the layer type Permute"),
        ("Softmax", {"axis": 7}, "Caffe's Softmax refuses it: axis 7 is out of range"),
    ],
)
def test_refusals(kind: str, options: dict[str, object], message: str) -> None:
    d, x = drafted((1, 3, 10))
    with pytest.raises(CaffeToolsError, match=message):
        d.one(kind, x, **options)


def test_a_type_that_a_file_does_not_list() -> None:
    d, x = drafted((1, 3), profile=OLD)
    with pytest.raises(CaffeToolsError, match="the profile old excludes the layer type TanH"):
        d.one("TanH", x)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39])
def test_weights_must_be_finite(value: float) -> None:
    d, x = drafted((1, 3, 4))
    with np.errstate(over="ignore"), pytest.raises(CaffeToolsError, match="scale has values that"):
        d.one("Scale", x, blobs=[np.array([1, value, 2])])


@pytest.mark.parametrize("shape", [(), (1, 0, 3)])
def test_an_input_without_elements(shape: tuple[int, ...]) -> None:
    d, *_ = drafted()
    with pytest.raises(CaffeToolsError, match="input 'x' expected a shape, found "):
        d.input("x", shape, PLACE)


def test_a_result_of_another_shape() -> None:
    d, x = drafted((1, 3))
    d.start("y", (3, 1))
    with pytest.raises(CaffeToolsError, match="expected the shape 3 x 1, found 1 x 3 in Caffe"):
        d.check(x)


@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution", "LSTM", "PReLU", "InnerProduct"])
def test_the_field_with_the_options(kind: str) -> None:
    found = REGISTRY.find(kind)
    assert found is not None
    assert options_field(kind) in schema.message("LayerParameter").fields
    assert found.param_name in {"", options_field(kind)}


def test_a_message_of_python_values() -> None:
    message = built("LayerParameter", {"name": "a", "bottom": [], "lrn_param": {"local_size": 3}})
    assert message.texts("name") == ["a"]
    assert not message.has("bottom")
    assert message.message("lrn_param").integer("local_size") == 3
