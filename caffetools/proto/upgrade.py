"""Upgrade a net of any age to the current format, Message to Message (upgrade_proto.cpp).

Nets of 2013 (V0) become nets of 2014 (V1), and those V2; `input` becomes an Input layer. Each field
keeps the position of the one that it was made from.
"""

from __future__ import annotations

from caffetools.errors import GraphError, Note
from caffetools.proto import schema
from caffetools.proto.message import Entry, Message, Notes
from caffetools.proto.upgrade_v0 import upgrade_v0
from caffetools.proto.upgrade_v1 import upgrade_v1


def upgrade(net: Message) -> tuple[Message, tuple[Note, ...]]:
    """Return the net in the current format, and notes on what was lost; `net` is not changed.

    Raises GraphError, placed, for what Caffe refuses: forms of different ages in one net,
    V0's padding where it cannot be folded into a convolution, inputs without all their dimensions.
    """
    notes = Notes()
    if net.has("layers"):
        _check_one_age(net)
        if net.messages("layers")[0].has("layer"):
            net = upgrade_v0(net, notes)
        net = upgrade_v1(net, notes)
    if net.has("input"):
        net = _upgrade_input(net, notes)
    return _upgrade_batch_norm(net), notes.all()


def _check_one_age(net: Message) -> None:
    """Raise GraphError for a net with layers of several ages, naming a line of each.

    Caffe refuses V2 with V1, and V1 layers among V0 layers lose their type. V2 layers among V0
    layers are dropped silently by Caffe; here that is an error, too.
    """
    layers = net.messages("layers")
    if net.has("layer"):
        other = net.location("layer", 0)
        found = f"'layers' here, and 'layer' of today's form{_in_line(other.line)}"
        raise net.error(f"expected layers of one form: found {found}", "layers", 0, GraphError)
    v0 = layers[0].has("layer")
    for index, layer in enumerate(layers):
        if layer.has("layer") != v0:
            here, there = ("V1", "V0") if v0 else ("V0", "V1")
            found = f"'layers' of {here} here, and of {there}{_in_line(layers[0].location().line)}"
            text = f"expected layers of one form: found {found}"
            raise net.error(text, "layers", index, GraphError)


def _in_line(line: int | None) -> str:
    return "" if line is None else f" in line {line}"


def _upgrade_input(net: Message, notes: Notes) -> Message:
    """The net with a first layer of type Input for its `input`s (UpgradeNetInput)."""
    shapes = _input_shapes(net, notes)
    moved = ("input", "input_shape", "input_dim", "layer")
    fields = {name: entries for name, entries in net.fields.items() if name not in moved}
    layers = net.fields.get("layer", [])
    if shapes:
        layers = [_input_layer(net, shapes), *layers]
    if layers:
        fields["layer"] = layers
    return net.replaced(fields)


def _input_shapes(net: Message, notes: Notes) -> list[Entry]:
    """The shape of each input; none where the net gives none, as in old caffemodels."""
    inputs = net.count("input")
    if net.has("input_shape"):
        given, needed, name = net.count("input_shape"), inputs, "input_shape"
        expected = f"expected an input_shape for each of {inputs} inputs"
        if net.has("input_dim"):
            notes.add("Caffe does not read input_dim if input_shape is given", net, "input_dim")
    else:
        given, needed, name = net.count("input_dim"), 4 * inputs, "input_dim"
        expected = f"expected 4 input_dim for each of {inputs} inputs"
    if given == 0:
        text = "Caffe drops an input that has neither input_shape nor input_dim"
        notes.add(text, net, "input")
    elif given < needed:
        raise net.error(f"{expected}, found {given}", name, kind=GraphError)
    elif given > needed:
        notes.add(f"{expected}, found {given}: Caffe drops the rest", net, name, needed)
    entries = net.fields.get(name, [])[:needed]
    if name == "input_shape":
        return entries
    return [_shape(net, entries[first : first + 4]) for first in range(0, len(entries), 4)]


def _shape(net: Message, dims: list[Entry]) -> Entry:
    offset = dims[0][1]
    return Message(schema.message("BlobShape"), net.source, offset, {"dim": dims}), offset


def _input_layer(net: Message, shapes: list[Entry]) -> Entry:
    offset, place = net.place("input", 0), shapes[0][1]
    parameter = schema.message("InputParameter")
    fields: dict[str, list[Entry]] = {
        "name": [("input", offset)],
        "type": [("Input", offset)],
        "top": net.fields["input"],
        "input_param": [(Message(parameter, net.source, place, {"shape": shapes}), place)],
    }
    return Message(schema.message("LayerParameter"), net.source, offset, fields), offset


def _upgrade_batch_norm(net: Message) -> Message:
    """The net with multipliers of 0 wherever a BatchNorm layer has three (UpgradeNetBatchNorm).

    They were asked for until 2016; its blobs are statistics, which no solver may change.
    """
    if not any(_has_three_params(layer) for layer in net.messages("layer")):
        return net
    layers: list[Entry] = [
        (_frozen(layer) if _has_three_params(layer) else layer, layer.offset)
        for layer in net.messages("layer")
    ]
    return net.replaced({**net.fields, "layer": layers})


def _has_three_params(layer: Message) -> bool:
    return layer.text("type") == "BatchNorm" and layer.count("param") == 3


def _frozen(layer: Message) -> Message:
    params: list[Entry] = []
    for param in layer.messages("param"):
        fields = dict(param.fields)
        for name in ("lr_mult", "decay_mult"):
            fields[name] = [(0.0, param.place(name))]
        params.append((param.replaced(fields), param.offset))
    return layer.replaced({**layer.fields, "param": params})
