"""Nets to deploy: heads, inputs, metrics, auxiliary losses, preprocessing."""

from __future__ import annotations

import pytest

from caffetools.editing.deploy import deployed
from caffetools.errors import CaffeToolsError
from caffetools.net.net import Net
from tests.nets import given, inner_product, layer, net

DATA = given("data", 4, 3, 8, 8) + given("label", 4)
FC = inner_product("fc", "data", 5, "param { lr_mult: 2 }")


def made(text: str, phase: str = "TEST") -> Net:
    return deployed(net(text, phase))


def lines(found: Net) -> list[str]:
    """Name, type, bottoms and tops of each layer."""
    return [
        f"{each.node.name} {each.node.type}: {' '.join(map(found.blob, each.node.bottoms))} -> "
        f"{' '.join(map(found.blob, each.node.tops))}"
        for each in found.layers
    ]


@pytest.mark.parametrize(
    ("loss", "head"),
    [
        ("SoftmaxWithLoss", ["prob Softmax: fc -> prob"]),
        ("InfogainLoss", ["prob Softmax: fc -> prob"]),
        ("HingeLoss", []),
        ("MultinomialLogisticLoss", []),
    ],
)
def test_a_loss_becomes_what_it_contains(loss: str, head: list[str]) -> None:
    options = 'infogain_loss_param { source: "h" }' if loss == "InfogainLoss" else ""
    metrics = layer("Accuracy", "accuracy", "fc label", "accuracy", "include { phase: TEST }")
    metrics += layer("Silence", "silence", "accuracy")
    found = made(DATA + FC + layer(loss, "loss", "fc label", "loss", options) + metrics)
    assert lines(found) == ["data Input:  -> data", "fc InnerProduct: data -> fc", *head]
    assert not found.layers[1].node.message.has("param")
    assert found.layers[0].tops == ((4, 3, 8, 8),)


def test_a_sigmoid_and_an_axis() -> None:
    text = given("data", 1, 3, 8, 8) + given("label", 1, 8) + inner_product("fc", "data", 8)
    found = made(text + layer("SigmoidCrossEntropyLoss", "loss", "fc label", "loss"))
    assert lines(found)[-1] == "prob Sigmoid: fc -> prob"
    conv = layer(
        "Convolution", "c", "data", "c", "convolution_param { num_output: 2 kernel_size: 1 }"
    )
    options = "softmax_param { axis: -2 }"
    found = made(
        given("data", 1, 3, 8, 8)
        + given("label", 1, 2, 1, 8)
        + conv
        + layer("SoftmaxWithLoss", "loss", "c label", "loss", options)
    )
    assert found.layers[-1].node.message.message("softmax_param").integer("axis") == -2


def test_a_loss_of_training_alone_gives_the_head_of_a_test() -> None:
    loss = layer("SoftmaxWithLoss", "loss", "fc label", "loss", "include { phase: TRAIN }")
    assert lines(made(DATA + FC + loss))[-1] == "prob Softmax: fc -> prob"


def test_a_softmax_that_the_net_has_is_kept() -> None:
    softmax = layer("Softmax", "p", "fc", "p", "include { phase: TEST }")
    loss = layer("SoftmaxWithLoss", "loss", "fc label", "loss")
    assert lines(made(DATA + FC + softmax + loss))[-1] == "p Softmax: fc -> p"


def test_auxiliary_heads_are_left_out() -> None:
    aux = inner_product("aux", "data", 5)
    losses = layer("SoftmaxWithLoss", "l1", "aux label", "l1", "loss_weight: 0.3")
    losses += layer("SoftmaxWithLoss", "l2", "fc label", "l2")
    found = made(DATA + aux + FC + losses)
    assert lines(found)[1:] == ["fc InnerProduct: data -> fc", "prob Softmax: fc -> prob"]
    assert [note.message for note in found.notes] == [
        "left out 'aux', which has a loss_weight of 0.3"
    ]


def test_several_heads_are_kept_where_they_predict_something_else() -> None:
    text = DATA + FC + inner_product("sex", "data", 2)
    losses = layer("SoftmaxWithLoss", "l1", "sex label", "l1", "loss_weight: 0.3")
    losses += layer("SoftmaxWithLoss", "l2", "fc label", "l2")
    assert lines(made(text + losses))[3:] == [
        "sex_prob Softmax: sex -> sex_prob",
        "fc_prob Softmax: fc -> fc_prob",
    ]


def test_what_is_compared_with_a_label_or_the_input_is_no_output() -> None:
    text = given("data", 4, 6) + inner_product("code", "data", 6)
    text += layer("EuclideanLoss", "loss", "code data", "loss")
    assert lines(made(text)) == ["data Input:  -> data", "code InnerProduct: data -> code"]
    metric = layer("MyScore", "score", "fc half", "score")
    split = layer("Power", "half", "label", "half")
    loss = layer("SoftmaxWithLoss", "loss", "fc label", "loss")
    assert lines(made(DATA + FC + split + loss + metric))[-1] == "prob Softmax: fc -> prob"


def test_a_detector() -> None:
    text = given("data", 1, 3, 8, 8) + given("label", 1, 1, 2, 8)
    for name, outputs in (("loc", 16), ("conf", 12)):
        options = f"convolution_param {{ num_output: {outputs} kernel_size: 1 }}"
        text += layer("Convolution", name, "data", name, options)
        text += layer(
            "Permute",
            f"{name}_p",
            name,
            f"{name}_p",
            "permute_param { order: 0 order: 2 order: 3 order: 1 }",
        )
        text += layer("Flatten", f"{name}_f", f"{name}_p", f"{name}_f")
    options = "prior_box_param { min_size: 2 max_size: 4 aspect_ratio: 2 flip: true }"
    text += layer("PriorBox", "prior", "loc data", "prior", options)
    options = "multibox_loss_param { num_classes: 3 share_location: true code_type: CENTER_SIZE }"
    text += layer("MultiBoxLoss", "loss", "loc_f conf_f prior label", "loss", options)
    found = made(text, "TRAIN")
    assert lines(found)[-4:] == [
        "conf_f_reshape Reshape: conf_f -> conf_f_reshape",
        "conf_f_softmax Softmax: conf_f_reshape -> conf_f_softmax",
        "conf_f_flatten Flatten: conf_f_softmax -> conf_f_flatten",
        "detection_out DetectionOutput: loc_f conf_f_flatten prior -> detection_out",
    ]
    param = found.layers[-1].node.message.message("detection_output_param")
    assert (param.integer("num_classes"), param.text("code_type")) == (3, "CENTER_SIZE")
    assert "thresholds" in found.notes[0].message


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        (DATA, "no loss and no output that depends on parameters"),
        (
            'layer { name: "d" type: "MyData" top: "data" top: "label" }' + FC,
            "the shape of the input 'data' is unknown; use --input-shape data=D,D,…",
        ),
    ],
)
def test_what_cannot_be_deployed(text: str, fragment: str) -> None:
    with pytest.raises(CaffeToolsError, match=fragment) as caught:
        made(text)
    assert caught.value.location is not None
