"""A net as Caffe writes it into a .caffemodel, without the numbers (net.cpp, ToProto)."""

from __future__ import annotations

from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.proto import schema
from caffetools.proto.binary import serialize
from caffetools.proto.message import Entry, Message, Value


def net_template(net: Net) -> bytes:
    """The NetParameter with all layers, inserted Splits included, as they were set up.

    Each has its phase; losses have their weight, and BatchNorm multipliers of 0 for its statistics.
    """
    graph = net.inferred.graph
    layers = [_layer(net, layer) for layer in net.inferred.layers]
    return serialize(
        _message("NetParameter", graph.message, {"name": [net.name], "layer": list(layers)})
    )


def _layer(net: Net, layer: InferredLayer) -> Message:
    node, blobs = layer.node, net.inferred.graph.blobs
    named = [blobs[blob].name for blob in node.tops]
    fields: dict[str, list[Value]] = {
        **{name: [value for value, _ in entries] for name, entries in node.message.fields.items()},
        "name": [node.name],
        "type": [node.type],
        "bottom": [blobs[blob].name for blob in node.bottoms],
        "top": list(named[: node.message.count("top")] if not node.inserted else named),
    }
    fields.pop("blobs", None)
    fields.setdefault("phase", [net.state.phase])
    weights = list(layer.loss_weights)
    if any(weights) and not node.message.has("loss_weight"):
        fields["loss_weight"] = list(weights[: 1 + max(i for i, w in enumerate(weights) if w)])
    statistics = [blob for blob in layer.params if blob.statistic]
    if statistics and len(fields.get("param", [])) < len(layer.params):
        spec = _message("ParamSpec", node.message, {"lr_mult": [0.0]})
        given = fields.get("param", [])
        fields["param"] = [*given, *[spec] * (len(layer.params) - len(given))]
    return _message("LayerParameter", node.message, {k: v for k, v in fields.items() if v})


def _message(name: str, where: Message, fields: dict[str, list[Value]]) -> Message:
    entries: dict[str, list[Entry]] = {
        field: [(value, where.offset) for value in values] for field, values in fields.items()
    }
    return Message(schema.message(name), where.source, where.offset, entries)
