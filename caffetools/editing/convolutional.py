"""InnerProduct -> Convolution with the same values, so that a net takes larger images."""

from __future__ import annotations

from caffetools.editing.edited_net import Array, EditedNet
from caffetools.editing.messages import moved
from caffetools.errors import CaffeToolsError
from caffetools.layers.blobs import Shape, dims
from caffetools.layers.linear import InnerProduct
from caffetools.net.infer import InferredLayer
from caffetools.proto import prototxt
from caffetools.proto.message import Entry, Message
from caffetools.proto.source import Source

_KEPT = ("num_output", "bias_term", "weight_filler", "bias_filler")
"""Options that both types have."""


def convolutional(edited: EditedNet, name: str | None = None) -> EditedNet:
    """Make one InnerProduct, or each that allows it, a Convolution over its whole bottom.

    A bottom has channels, height and width, or is the top of a layer that was changed. Raises
    CaffeToolsError for a named layer that cannot be changed, and if none can.
    """
    spatial: set[str] = set()
    changed: dict[int, Message] = {}
    weights: dict[str, tuple[Array, ...]] = {}
    chosen = None if name is None else edited.layer(name)
    for layer in edited.net.layers:
        tops, reads_spatial = layer.top_names, bool(spatial.intersection(layer.bottom_names))
        kernel = _kernel(layer, reads_spatial)
        if kernel is not None and chosen in (None, layer):
            changed[id(layer.node.message)] = _convolution(layer.node.message, kernel)
            weights[layer.node.name] = _blobs(edited, layer, kernel)
            spatial.update(tops)
        elif reads_spatial and layer.tops == layer.bottoms[:1]:
            spatial.update(tops)
    if not changed:
        if chosen is None:
            text = "no InnerProduct reads channels, height and width"
            raise edited.message.error(text, kind=CaffeToolsError)
        shape = dims(chosen.bottoms[0]) if chosen.bottoms else "none"
        text = f"expected an InnerProduct of channels, height and width, found {chosen.node.type}"
        raise chosen.node.message.error(f"{text} of {shape}", "type", kind=CaffeToolsError)
    found = edited.with_messages(lambda layer: [changed.get(id(layer), layer)])
    return found.with_weights({key: blobs for key, blobs in weights.items() if blobs})


def _kernel(layer: InferredLayer, is_spatial: bool) -> Shape | None:
    """Return channels, height and width of the kernel, None for a layer that cannot change."""
    if not isinstance(layer.layer, InnerProduct) or layer.bottoms[0] is None:
        return None
    bottom = layer.bottoms[0]
    if layer.layer.axis_of(bottom) != 1 or any(param.owner or param.name for param in layer.params):
        return None
    if len(bottom) == 4:
        return bottom[1:]
    return (bottom[1], 1, 1) if is_spatial and len(bottom) == 2 else None


def _blobs(edited: EditedNet, layer: InferredLayer, kernel: Shape) -> tuple[Array, ...]:
    blobs = edited.weights.get(layer.node.name, ())
    if not blobs:
        return ()
    assert isinstance(layer.layer, InnerProduct)
    weight = blobs[0].T if layer.layer.transpose else blobs[0]
    return (weight.reshape(len(weight), *kernel), *blobs[1:])


def _convolution(layer: Message, kernel: Shape) -> Message:
    old = layer.message("inner_product_param")
    _, height, width = kernel
    square = f"kernel_size: {height}"
    text = square if height == width else f"kernel_h: {height} kernel_w: {width}"
    param = moved(prototxt.parse(Source("", text), "ConvolutionParameter"), layer.source)
    param.fields.update({name: old.fields[name] for name in _KEPT if old.has(name)})
    place = layer.place("inner_product_param")
    fields = {key: each for key, each in layer.fields.items() if key != "inner_product_param"}
    entry: Entry = (Message(param.descriptor, layer.source, place, param.fields), place)
    kind: Entry = ("Convolution", layer.place("type"))
    return layer.replaced({**fields, "type": [kind], "convolution_param": [entry]})
