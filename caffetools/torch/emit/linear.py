"""Inner products, embeddings, distances, and convolution with weights for each position."""

from __future__ import annotations

from dataclasses import replace

from caffetools.layers.base import Layer
from caffetools.layers.blobs import Shape
from caffetools.layers.checks import four_axes
from caffetools.layers.linear import Embed, InnerDistance, InnerProduct, Local
from caffetools.torch.emit.base import (
    Binary,
    Bottom,
    Context,
    Emission,
    Emitters,
    Expression,
    Slot,
    X,
    call,
    differing,
    fields,
    method,
    module,
)
from caffetools.torch.emit.fillers import slot


def inner_product(layer: InnerProduct, context: Context) -> Emission:
    """`nn.Linear` over the axes from `axis` on, or `TransposedLinear`."""
    bottom = context.bottoms[0]
    flat = _flat(layer.axis_of(bottom), bottom)
    inputs = context.params[0].shape[0 if layer.transpose else 1]
    function, start = ("TransposedLinear", 0.0) if layer.transpose else ("nn.Linear", None)
    constructor = call(function, inputs, layer.num_output, **differing(bias=(layer.bias, True)))
    return module(constructor, *_slots(layer, context, start), inputs=(flat,))


def embed(layer: Embed, context: Context) -> Emission:
    """The helper `Embed`."""
    bias = len(layer.params) == 2
    constructor = call("Embed", *layer.params[0].shape, **differing(bias=(bias, True)))
    return module(constructor, *_slots(layer, context, 0.0))


def inner_distance(layer: InnerDistance, context: Context) -> Emission | Expression:
    """The helper `InnerDistance`, or `inner_distance` to the rows of a second bottom."""
    bottom, param = context.bottoms[0], layer.param
    flat = _flat(layer.axis_of(bottom), bottom)
    kind = fields(param, distance_type="L2")
    if param.text("distance_type") not in ("L1", "L2"):
        raise param.error("expected a distance_type of L1 or L2", "distance_type")
    own_class = param.flag("update_center_only")
    if own_class and len(context.bottoms) < 3:
        raise param.error("expected a third bottom, the labels", "update_center_only")
    if len(context.bottoms) > 1:
        label = (Bottom(2),) if own_class else ()
        distance = call("inner_distance", flat, Bottom(1), *label, **kind)
        return Binary(distance, "+", Bottom(2)) if layer.bias and not own_class else distance
    options = differing(bias=(layer.bias, False)) | kind | fields(param, normalize=False)
    outputs, inputs = context.params[0].shape
    slots = _slots(layer, context, 0.0)
    if param.flag("transpose"):  # Caffe reads the blob as if it were not transposed
        outputs, inputs = inputs, outputs
        slots[0] = replace(slots[0], shape=(outputs, inputs))
    return module(call("InnerDistance", inputs, outputs, **options), *slots, inputs=(flat,))


def local(layer: Local, context: Context) -> Emission:
    """The helper `Local`."""
    window, top = layer.window, context.tops[0]
    assert top is not None
    options = differing(
        stride=(window.stride, 1),
        padding=(window.pad, 0),
        bias=(layer.param.flag("bias_term"), True),
    )
    channels = four_axes(context.bottoms[0])[1]
    constructor = call("Local", channels, layer.num_output, top[2:], window.kernel, **options)
    return module(constructor, *_slots(layer, context, 0.0), inputs=(context.image(),))


def _flat(axis: int, bottom: Shape) -> Expression:
    """Return the bottom with the axes from `axis` on flattened."""
    return X if axis == len(bottom) - 1 else method(X, "flatten", axis)


def _slots(layer: Layer, context: Context, start: float | None) -> list[Slot]:
    roles = [param.role for param in context.params]
    return [slot(role, layer.param, f"{role}_filler", start=start) for role in roles]


EMITTERS: Emitters = {
    Embed: embed,
    InnerDistance: inner_distance,
    InnerProduct: inner_product,
    Local: local,
}
