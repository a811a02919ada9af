"""Nets cut, with layers removed and renamed, fields set, inputs resized; each refusal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from caffetools.editing.edited_net import EditedNet
from caffetools.editing.structural_edits import cut_after, remove, rename, resize_inputs, set_field
from caffetools.errors import CaffeToolsError
from caffetools.proto.comments import with_comments
from tests.editing.nets import SMALL, edited, names
from tests.nets import layer


def test_a_cut_keeps_what_the_blob_depends_on() -> None:
    found = cut_after(edited(), "s")
    assert names(found) == ["data", "c1", "bn", "scale", "relu"]
    assert list(found.weights) == ["c1", "bn", "scale"]


def test_readers_of_a_removed_layer_read_its_bottom() -> None:
    assert remove(edited(), "pool").layer("f1").node.message.texts("bottom") == ["c2"]
    assert "relu" not in names(remove(edited(), "relu"))
    assert remove(edited(), "prob").net.outputs == ("f2",)


def test_layers_and_blobs_are_renamed_together() -> None:
    found = rename(edited(), "f1", "hidden")
    assert names(found)[7:9] == ["hidden", "relu_f"]
    assert found.layer("f2").node.message.texts("bottom") == ["hidden"]
    assert list(found.weights) == ["c1", "bn", "scale", "c2", "hidden", "f2"]
    assert rename(edited(), "s", "t").layer("c2").node.message.texts("bottom") == ["t"]


def test_fields_are_set() -> None:
    found = set_field(edited(), "f2.inner_product_param.num_output", "8")
    assert found.net.outputs == ("prob",)
    assert found.layer("f2").tops == ((2, 8),)
    assert set_field(edited(), "prob.type", "Sigmoid").layer("prob").node.type == "Sigmoid"
    text = with_comments(set_field(edited(), "c1.param", "{ lr_mult: 0 }").message)
    assert "  param { lr_mult: 0 }\n" in text
    dotted = edited(SMALL.replace('"pool"', '"c2.pool"'))
    assert set_field(dotted, "c2.pool.pooling_param.pool", "AVE").layer("c2.pool")


def test_inputs_are_resized() -> None:
    found = resize_inputs(edited(), 7, {})
    assert found.layer("prob").tops == ((7, 3),)
    assert "shape { dim: 7 dim: 3 dim: 6 dim: 6 }" in with_comments(found.message)
    convolved = edited(
        SMALL.partition(layer("Pooling", "x").partition("name")[0] + 'name: "pool"')[0]
    )
    assert resize_inputs(convolved, None, {"data": (1, 3, 9, 8)}).net.layers[-1].tops == (
        (1, 6, 9, 8),
    )
    data = 'layer { name: "d" type: "Data" top: "data" data_param { batch_size: 4 } }'
    found = resize_inputs(edited(data), 9, {})
    assert "batch_size: 9" in with_comments(found.message)


@pytest.mark.parametrize(
    ("edit", "fragment"),
    [
        (lambda net: cut_after(net, "x"), "the net has no blob 'x'"),
        (lambda net: remove(net, "x"), "the net has no layer 'x'"),
        (lambda net: remove(net, "data"), "'data' of the removed layer 'data' is read by others"),
        (lambda net: rename(net, "x", "y"), "no layer or blob 'x'"),
        (lambda net: rename(net, "s", "c2"), "a layer or blob 'c2' already"),
        (lambda net: set_field(net, "x.name", "y"), "expected LAYER.FIELD of a layer"),
        (lambda net: set_field(net, "f2.nam", "y"), "LayerParameter has no field 'nam'"),
        (lambda net: set_field(net, "c1.convolution_param.group", "a"), "expected an integer"),
        (
            lambda net: set_field(net, "c1.convolution_param.group", "1 pad: 2"),
            "expected one value",
        ),
        (lambda net: set_field(net, "c1.param", "3"), "expected '{' after 'param'"),
        (lambda net: resize_inputs(net, None, {"s": (1,)}), "'s' is no top of an Input layer"),
    ],
)
def test_refusals_have_a_place(edit: Callable[[EditedNet], EditedNet], fragment: str) -> None:
    with pytest.raises(CaffeToolsError, match=fragment) as caught:
        edit(edited())
    assert caught.value.location is not None
