"""A small net with weights, to edit."""

from __future__ import annotations

from caffetools.editing.edited_net import EditedNet, drawn_blobs
from caffetools.layers.base import Options
from caffetools.net.graph import State
from tests.nets import given, inner_product, layer, message, net


def conv(name: str, bottom: str, outputs: int, more: str = "") -> str:
    """A convolution of 3 x 3 with padding, its top named as itself."""
    options = f"convolution_param {{ num_output: {outputs} kernel_size: 3 pad: 1 {more} }}"
    return layer("Convolution", name, bottom, name, options)


SMALL = (
    given("data", 2, 3, 6, 6)
    + conv("c1", "data", 4, "bias_term: false")
    + layer("BatchNorm", "bn", "c1", "c1")
    + layer("Scale", "scale", "c1", "s", "scale_param { bias_term: true }")
    + layer("ReLU", "relu", "s", "s")
    + conv("c2", "s", 6)
    + layer("Pooling", "pool", "c2", "p", "pooling_param { kernel_size: 2 stride: 2 }")
    + inner_product("f1", "p", 5)
    + layer("ReLU", "relu_f", "f1", "f1")
    + inner_product("f2", "f1", 3)
    + layer("Softmax", "prob", "f2", "prob")
)


def edited(text: str = SMALL) -> EditedNet:
    """A net in the phase TEST, with drawn weights."""
    return EditedNet(message(text), drawn_blobs(net(text, "TEST")), State("TEST"), Options())


def names(found: EditedNet) -> list[str]:
    """Names of the layers."""
    return [each.node.name for each in found.net.layers]
