"""Nets of 2013 (V0) -> V1: one message with every option of every type, and layers that only pad.

As upgrade_proto.cpp does it (UpgradeV0PaddingLayers, UpgradeV0LayerParameter). What Caffe drops
on the way becomes a note.
"""

from __future__ import annotations

from typing import NamedTuple

from caffetools.errors import GraphError
from caffetools.proto import schema
from caffetools.proto.message import Entry, Message, Notes

TYPES = {
    "accuracy": "ACCURACY", "bnll": "BNLL", "concat": "CONCAT", "conv": "CONVOLUTION",
    "data": "DATA", "dropout": "DROPOUT", "euclidean_loss": "EUCLIDEAN_LOSS",
    "flatten": "FLATTEN", "hdf5_data": "HDF5_DATA", "hdf5_output": "HDF5_OUTPUT",
    "im2col": "IM2COL", "images": "IMAGE_DATA", "infogain_loss": "INFOGAIN_LOSS",
    "innerproduct": "INNER_PRODUCT", "lrn": "LRN",
    "multinomial_logistic_loss": "MULTINOMIAL_LOGISTIC_LOSS", "pool": "POOLING", "relu": "RELU",
    "sigmoid": "SIGMOID", "softmax": "SOFTMAX", "softmax_loss": "SOFTMAX_LOSS", "split": "SPLIT",
    "tanh": "TANH", "window_data": "WINDOW_DATA",
}  # fmt: skip
"""V1's name of each type of V0."""

_NET_FIELDS = ("name", "layers", "input", "input_dim", "force_backward")
_LAYER_FIELDS = ("name", "blobs", "blobs_lr", "weight_decay")
_CONVOLUTION, _POOLING = {"conv": "convolution_param"}, {"pool": "pooling_param"}
_LINEAR = {**_CONVOLUTION, "innerproduct": "inner_product_param"}
_LRN = {"lrn": "lrn_param"}
_IMAGES, _WINDOWS = {"images": "image_data_param"}, {"window_data": "window_data_param"}
_BATCHES = {"data": "data_param", "hdf5_data": "hdf5_data_param", **_IMAGES, **_WINDOWS}
_ANY_TYPE = dict.fromkeys(TYPES, "transform_param")

_OPTIONS: dict[str, tuple[dict[str, str], str]] = {
    "num_output": (_LINEAR, "num_output"),
    "biasterm": (_LINEAR, "bias_term"),
    "weight_filler": (_LINEAR, "weight_filler"),
    "bias_filler": (_LINEAR, "bias_filler"),
    "pad": ({**_CONVOLUTION, **_POOLING}, "pad"),
    "kernelsize": ({**_CONVOLUTION, **_POOLING}, "kernel_size"),
    "group": (_CONVOLUTION, "group"),
    "stride": ({**_CONVOLUTION, **_POOLING}, "stride"),
    "pool": (_POOLING, "pool"),
    "dropout_ratio": ({"dropout": "dropout_param"}, "dropout_ratio"),
    "local_size": (_LRN, "local_size"),
    "alpha": (_LRN, "alpha"),
    "beta": (_LRN, "beta"),
    "k": (_LRN, "k"),
    "source": ({**_BATCHES, "infogain_loss": "infogain_loss_param"}, "source"),
    "batchsize": (_BATCHES, "batch_size"),
    "scale": (_ANY_TYPE, "scale"),
    "meanfile": (_ANY_TYPE, "mean_file"),
    "cropsize": (_ANY_TYPE, "crop_size"),
    "mirror": (_ANY_TYPE, "mirror"),
    "rand_skip": ({"data": "data_param", **_IMAGES}, "rand_skip"),
    "shuffle_images": (_IMAGES, "shuffle"),
    "new_height": (_IMAGES, "new_height"),
    "new_width": (_IMAGES, "new_width"),
    "concat_dim": ({"concat": "concat_param"}, "concat_dim"),
    "det_fg_threshold": (_WINDOWS, "fg_threshold"),
    "det_bg_threshold": (_WINDOWS, "bg_threshold"),
    "det_fg_fraction": (_WINDOWS, "fg_fraction"),
    "det_context_pad": (_WINDOWS, "context_pad"),
    "det_crop_mode": (_WINDOWS, "crop_mode"),
}
"""For each option of V0: V1's message of it by the layer's type, and its name there."""


class _Wired(NamedTuple):
    """A layer, connected to the input of the padding layer that it may have read from."""

    layers: Message
    bottoms: list[Entry]
    pad: Entry | None
    """What the padding layer adds."""


def upgrade_v0(net: Message, notes: Notes) -> Message:
    """The net in V1's form.

    Raises GraphError, placed, for an unknown bottom and for a padding layer that feeds anything but
    the only bottom of a convolution or pooling layer.
    """
    fields: dict[str, list[Entry]] = {}
    for name, entries in net.fields.items():
        if name == "layers":
            fields[name] = [(_layer(wired, notes), wired.layers.offset) for wired in _unpadded(net)]
        elif name in _NET_FIELDS or name not in schema.message("NetParameter").fields:
            fields[name] = entries
        else:
            notes.add(f"Caffe drops '{name}' from a net of V0", net, name)
    return net.replaced(fields)


def _unpadded(net: Message) -> list[_Wired]:
    """The layers without those that pad: the next convolution or pooling does it."""
    makers: dict[str, Message | None] = dict.fromkeys(net.texts("input"))
    kept = []
    for layers in net.messages("layers"):
        bottoms, pad = list(layers.fields.get("bottom", ())), None
        for index, name in enumerate(layers.texts("bottom")):
            if name not in makers:
                text = f"unknown bottom {name!a}: no layer above makes it"
                raise layers.error(text, "bottom", index, GraphError)
            maker = makers[name]
            if maker is not None and _type(maker) == "padding":
                _check_padding(maker, layers, index)
                bottoms[index] = maker.fields["bottom"][0]
                padding = maker.message("layer")
                pad = (padding.integer("pad"), padding.place("pad"))
        if _type(layers) != "padding":
            kept.append(_Wired(layers, bottoms, pad))
        makers.update(dict.fromkeys(layers.texts("top"), layers))
    return kept


def _type(layers: Message) -> str:
    return layers.message("layer").text("type")


def _check_padding(padding: Message, reader: Message, index: int) -> None:
    """Raise GraphError unless the reader of a padding layer can pad instead of it."""
    where = reader, "bottom", index
    if _type(reader) not in ("conv", "pool"):
        found = f"a padding layer feeds a layer of type {_type(reader)!a}: expected conv or pool"
    elif reader.count("bottom") != 1:
        count = reader.count("bottom")
        found = f"a layer that reads from a padding layer takes 1 bottom, found {count}"
    elif padding.count("bottom") != 1:
        found = f"a padding layer takes 1 bottom, found {padding.count('bottom')}"
        where = padding, "bottom", -1
    elif padding.count("top") != 1:
        found = f"a padding layer makes 1 top, found {padding.count('top')}"
        where = padding, "top", -1
    else:
        return
    message, name, at = where
    raise message.error(found, name, at, GraphError)


def _layer(wired: _Wired, notes: Notes) -> Message:
    """One layer in V1's form."""
    layers = wired.layers
    options = layers.message("layer")
    fields: dict[str, list[Entry]] = {}
    if wired.bottoms:
        fields["bottom"] = wired.bottoms
    if layers.has("top"):
        fields["top"] = layers.fields["top"]
    for name in layers.fields:
        if name not in ("bottom", "top", "layer"):
            notes.add(f"Caffe drops '{name}' next to a layer of V0", layers, name)
    given = options.fields if wired.pad is None else {**options.fields, "pad": [wired.pad]}
    _move(options, given, fields, notes)
    return layers.replaced(fields)


def _move(
    options: Message, given: dict[str, list[Entry]], fields: dict[str, list[Entry]], notes: Notes
) -> None:
    """Put each of the options where V1 has it."""
    layer_type = options.text("type")
    for name, entries in given.items():
        holders, new_name = _OPTIONS.get(name, ({}, ""))
        if name in _LAYER_FIELDS:
            fields[name] = entries
        elif name == "type":
            fields[name] = [(TYPES.get(layer_type, layer_type), entries[0][1])]
        elif name == "hdf5_output_param" and layer_type == "hdf5_output":
            fields[name] = entries
        elif layer_type in holders:
            _holder(fields, holders[layer_type], options, entries[0][1])[new_name] = entries
        else:
            notes.add(
                f"Caffe drops '{name}' from a layer of V0's type {layer_type!a}", options, name
            )


def _holder(
    fields: dict[str, list[Entry]], name: str, options: Message, offset: int
) -> dict[str, list[Entry]]:
    """The fields of the message that holds a layer's options in V1."""
    if name not in fields:
        descriptor = schema.message("V1LayerParameter").fields[name].message
        fields[name] = [(Message(descriptor, options.source, offset), offset)]
    holder = fields[name][0][0]
    assert isinstance(holder, Message)
    return holder.fields
