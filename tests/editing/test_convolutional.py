"""InnerProduct made Convolution: values, names, larger inputs, refusals."""

from __future__ import annotations

import pytest

from caffetools.editing.convolutional import convolutional
from caffetools.editing.equality import compare
from caffetools.editing.structural_edits import resize_inputs
from caffetools.errors import CaffeToolsError
from caffetools.proto.comments import with_comments
from tests.editing.nets import SMALL, edited
from tests.nets import given, inner_product


def test_all_inner_products() -> None:
    found = convolutional(edited())
    assert [found.layer(name).node.type for name in ("f1", "f2")] == ["Convolution"] * 2
    assert [found.weights[name][0].shape for name in ("f1", "f2")] == [(5, 6, 3, 3), (3, 5, 1, 1)]
    assert found.layer("prob").tops == ((2, 3, 1, 1),)
    assert compare(edited(), found).changed == {}
    larger = resize_inputs(found, None, {"data": (1, 3, 8, 10)})
    assert larger.layer("prob").tops == ((1, 3, 2, 3),)


def test_one_of_them_and_a_bottom_that_is_no_square() -> None:
    text = SMALL.replace("dim: 6 dim: 6", "dim: 6 dim: 4")
    found = convolutional(edited(text), "f1")
    assert [found.layer(name).node.type for name in ("f1", "f2")] == ["Convolution", "InnerProduct"]
    assert "kernel_h: 3\n    kernel_w: 2\n" in with_comments(found.message)
    assert compare(edited(text), found).changed == {}


def test_a_transposed_weight() -> None:
    text = SMALL.replace("num_output: 5 }", "num_output: 5 transpose: true bias_term: false }")
    found = convolutional(edited(text))
    assert [blob.shape for blob in found.weights["f1"]] == [(5, 6, 3, 3)]
    assert "transpose" not in with_comments(found.message)
    assert compare(edited(text), found).changed == {}


@pytest.mark.parametrize(
    ("text", "name", "fragment"),
    [
        (SMALL, "c1", "expected an InnerProduct of channels, height and width, found Convolution"),
        (SMALL, "f2", "found InnerProduct of 2 x 5"),
        (given("d", 1, 4) + inner_product("f", "d", 2), None, "no InnerProduct reads channels"),
        (SMALL, "x", "no layer 'x'"),
    ],
)
def test_refusals(text: str, name: str | None, fragment: str) -> None:
    with pytest.raises(CaffeToolsError, match=fragment):
        convolutional(edited(text), name)
