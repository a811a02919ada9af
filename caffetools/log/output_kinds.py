"""What the outputs of a log's nets are: losses, accuracies or other numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from caffetools.errors import CaffeToolsError
from caffetools.layers.base import LayerClass
from caffetools.layers.registry import REGISTRY
from caffetools.log.collector import LogContents
from caffetools.log.logged_net import LoggedNet
from caffetools.proto import prototxt
from caffetools.proto.source import Source
from caffetools.proto.upgrade import upgrade

OutputKind = Literal["loss", "accuracy", "output"]

_ACCURACIES = ("acc", "top-1", "top-5", "top1", "top5", "class ap ")
"""Parts of the names of accuracies: `loss1/top-1` is one."""


def output_kind(
    name: str, layer_class: LayerClass | None = None, weights: Mapping[str, float] | None = None
) -> OutputKind:
    """Return the kind of an output, by the layer that made it where that is known.

    Caffe prints the loss weight of every other output that is part of the loss. Without a layer and
    without any `weights`, as before 2014, the name decides.
    """
    if layer_class and layer_class.is_accuracy:
        return "accuracy"
    if name in (weights or ()) or (layer_class and layer_class.is_loss):
        return "loss"
    if layer_class:
        return "output"
    if any(word in name.lower() for word in _ACCURACIES):
        return "accuracy"
    return "loss" if not weights and "loss" in name.lower() else "output"


def output_layers(log: LogContents, phase: str) -> dict[str, LayerClass]:
    """Return the class of the layer that makes each blob of the log's nets of a phase.

    Without unknown types, and without the further tops of a loss, which are no losses.
    """
    found: dict[str, LayerClass] = {}
    for net in log.nets:
        types = _types(net) if net.phase in {phase, None} else {}
        for layer in net.layers if types else ():
            known = REGISTRY.find(layer.type or types.get(layer.name, ""))
            tops = layer.tops[:1] if known and known.is_loss else layer.tops
            found |= {top.name: known for top in tops if known and top.name}
    return found


def _types(net: LoggedNet) -> dict[str, str]:
    """Return the type of each layer, in Caffe's current form."""
    try:
        text = net.echo.text if net.echo else ""
        message, _ = upgrade(prototxt.parse(Source("<log>", text)))
    except CaffeToolsError:
        return {}
    return {layer.text("name"): layer.text("type") for layer in message.messages("layer")}
