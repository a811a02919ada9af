"""Remove output channels of a layer, and what depends on them in the layers that follow."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
from numpy.typing import NDArray

from caffetools.editing.edited_net import Array, EditedNet
from caffetools.editing.structural_edits import with_field
from caffetools.errors import CaffeToolsError
from caffetools.layers.activation import PReLU
from caffetools.layers.base import LayerClass
from caffetools.layers.blobs import Shape
from caffetools.layers.convolution import Convolution
from caffetools.layers.elementwise import Broadcast, Eltwise
from caffetools.layers.joining import Concat
from caffetools.layers.linear import InnerProduct
from caffetools.layers.normalization import BatchNorm
from caffetools.layers.reshaping import Flatten
from caffetools.net.infer import InferredLayer
from caffetools.proto.message import Message

Kept = NDArray[np.intp]
"""Indices of the channels that are kept."""
Cut = Callable[[InferredLayer, Kept, Shape], "Kept | None"]

_CHANNELWISE = (
    *("AbsVal", "BNLL", "Clip", "Dropout", "ELU", "Exp", "Interp", "Log", "LRN", "Pooling"),
    *("Power", "ReLU", "ReLU6", "Sigmoid", "Silence", "Softmax", "Swish", "TanH", "Threshold"),
    "Upsample",
)
"""Types whose tops have the channels of the bottom, each computed in the same way."""


def weakest(edited: EditedNet, name: str, share: float) -> list[int]:
    """Return the given share of a layer's outputs, those whose weights have the least L1 norm.

    At least one output is left. Raises CaffeToolsError for a layer without weights or outputs.
    """
    layer = edited.layer(name)
    axis = _output_axis(layer)
    blobs = edited.weights.get(name)
    if not blobs:
        text = f"layer {name!a} has no weights to compare"
        raise layer.node.message.error(text, kind=CaffeToolsError)
    norms = np.abs(np.moveaxis(blobs[0], axis, 0).astype(float)).reshape(blobs[0].shape[axis], -1)
    order = np.argsort(norms.sum(1), kind="stable")
    return sorted(order[: min(round(share * len(order)), len(order) - 1)].tolist())


def prune(edited: EditedNet, name: str, removed: Collection[int]) -> tuple[EditedNet, EditedNet]:
    """Remove outputs of a convolution or inner product by their indices.

    Returns the pruned net, and the net of the old size that computes the same: the layers that read
    removed channels have weights of zero for them. Raises CaffeToolsError, placed, for an index out
    of range and for a layer through which the channels cannot be followed.
    """
    pruning = _Pruning(edited)
    pruning.start(edited.layer(name), removed)
    for layer in edited.net.layers:
        if layer.node.name != name:
            pruning.follow(layer)
    changed = pruning.messages
    made = edited.with_messages(lambda layer: [changed.get(id(layer), layer)])
    return made.with_weights(pruning.weights), edited.with_weights(pruning.zeroed)


def _output_axis(layer: InferredLayer) -> int:
    """Return the axis of the outputs in the weight; raises CaffeToolsError without one."""
    found = layer.layer
    plain = isinstance(found, InnerProduct) or (isinstance(found, Convolution) and found.group == 1)
    if found is None or not plain or any(param.owner or param.name for param in layer.params):
        text = "expected a convolution of one group or an inner product that shares no blobs"
        raise layer.node.message.error(f"{text}, found {layer.node.type}", kind=CaffeToolsError)
    return int(found.transpose if isinstance(found, InnerProduct) else found.transposed)


class _Pruning:
    def __init__(self, edited: EditedNet) -> None:
        self.edited = edited
        self.kept: dict[str, Kept] = {}
        """By blob, for blobs that lose channels."""
        self.messages: dict[int, Message] = {}
        self.weights: dict[str, tuple[Array, ...]] = {}
        self.zeroed: dict[str, tuple[Array, ...]] = {}
        self.cuts: dict[tuple[LayerClass, ...], Cut] = {
            (Convolution, InnerProduct): self.weighted,
            (BatchNorm, Broadcast, PReLU): self.per_channel,
            (Flatten,): self.flattened,
        }

    def start(self, layer: InferredLayer, removed: Collection[int]) -> None:
        axis = _output_axis(layer)
        outputs = layer.params[0].shape[axis]
        if not removed or not set(removed) < set(range(outputs)):
            text = f"expected some, but not all, of the outputs 0 to {outputs - 1}"
            raise layer.node.message.error(text, kind=CaffeToolsError)
        kept = np.setdiff1d(np.arange(outputs), np.array(list(removed)))
        weight, *bias = self.blobs(layer)
        cut = (np.take(weight, kept, axis), *(each[kept] for each in bias))
        self.write(layer, cut, num_output=len(kept))
        self.kept[layer.top_names[0]] = kept

    def follow(self, layer: InferredLayer) -> None:
        """Cut what depends on removed channels, and mark the layer's tops."""
        bottoms, tops = layer.bottom_names, layer.top_names
        given = [self.kept.get(bottom) for bottom in bottoms]
        for top in tops:
            self.kept.pop(top, None)
        if all(each is None for each in given):
            return
        kept = self.outputs(layer, given)
        if kept is not None:
            self.kept.update(dict.fromkeys(tops, kept))

    def outputs(self, layer: InferredLayer, given: list[Kept | None]) -> Kept | None:
        """Cut a layer's blobs; return the channels of its tops, None if all are left."""
        found, kept = layer.layer, given[0]
        assert found is not None
        if isinstance(found, Concat):
            return self.concatenated(layer, given)
        if kept is None or layer.bottoms[0] is None:
            raise self.refused(layer)
        if isinstance(found, Eltwise):
            if any(each is None or not np.array_equal(each, kept) for each in given):
                raise self.refused(layer)
            return kept
        for kinds, cut in self.cuts.items():
            if isinstance(found, kinds) and len(given) == 1:
                return cut(layer, kept, layer.bottoms[0])
        if found.is_loss or found.is_accuracy:
            return None
        if layer.node.type not in _CHANNELWISE:
            raise self.refused(layer)
        return kept

    def per_channel(self, layer: InferredLayer, kept: Kept, bottom: Shape) -> Kept:
        """Cut the blobs that have an element for each channel."""
        fits = all(blob.shape in (bottom[1:2], (1,), ()) for blob in layer.params)
        if not fits or any(blob.owner or blob.name for blob in layer.params):
            raise self.refused(layer)
        blobs = (b[kept] if b.shape == bottom[1:2] else b for b in self.blobs(layer))
        self.write(layer, tuple(blobs))
        return kept

    def flattened(self, layer: InferredLayer, kept: Kept, bottom: Shape) -> Kept:
        top = layer.tops[0]
        if top is None or len(top) != 2:
            raise self.refused(layer)
        return _spread(kept, top[1] // bottom[1])

    def weighted(self, layer: InferredLayer, kept: Kept, bottom: Shape) -> Kept | None:
        """Cut the inputs of a weight; the top keeps its channels, but not after groups of one."""
        if isinstance(layer.layer, Convolution) and layer.layer.group > 1:
            return self.depthwise(layer, kept, bottom)
        axis = 1 - _output_axis(layer)
        weight, *bias = self.blobs(layer)
        if isinstance(layer.layer, InnerProduct):
            if layer.layer.axis_of(bottom) != 1:
                raise self.refused(layer)
            kept = _spread(kept, weight.shape[axis] // bottom[1])
        zeroed = np.zeros_like(weight)
        chosen = (slice(None),) * axis + (kept,)
        zeroed[chosen] = weight[chosen]
        self.zeroed[layer.node.name] = (zeroed, *bias)
        self.write(layer, (np.take(weight, kept, axis), *bias))
        return None

    def depthwise(self, layer: InferredLayer, kept: Kept, bottom: Shape) -> Kept:
        found = layer.layer
        assert isinstance(found, Convolution)
        if not found.group == bottom[1] == found.num_output:
            raise self.refused(layer)
        blobs = tuple(blob[kept] for blob in self.blobs(layer))
        written = {"num_output": len(kept)}
        if layer.node.message.message(found.param_name).has("group"):
            written["group"] = len(kept)
        self.write(layer, blobs, **written)
        return kept

    def concatenated(self, layer: InferredLayer, given: list[Kept | None]) -> Kept:
        parts, offset = [], 0
        first = layer.bottoms[0]
        if not isinstance(layer.layer, Concat) or not first or layer.layer.axis_of(first) != 1:
            raise self.refused(layer)
        for kept, shape in zip(given, layer.bottoms, strict=True):
            assert shape is not None
            parts.append(offset + (np.arange(shape[1]) if kept is None else kept))
            offset += shape[1]
        return np.concatenate(parts)

    def blobs(self, layer: InferredLayer) -> tuple[Array, ...]:
        """Return the blobs of a layer; raises CaffeToolsError if it has none."""
        found = self.weights.get(layer.node.name) or self.edited.weights.get(layer.node.name)
        if found is None:
            text = f"layer {layer.node.name!a} has no weights"
            raise layer.node.message.error(text, kind=CaffeToolsError)
        return found

    def write(self, layer: InferredLayer, blobs: tuple[Array, ...], **options: int) -> None:
        message = layer.node.message
        assert layer.layer is not None
        for name, value in options.items():
            message = with_field(message, [layer.layer.param_name, name], str(value))
        self.messages[id(layer.node.message)] = message
        self.weights[layer.node.name] = blobs

    def refused(self, layer: InferredLayer) -> CaffeToolsError:
        text = f"channels cannot be removed before layer {layer.node.name!a} of type "
        return layer.node.message.error(text + layer.node.type, kind=CaffeToolsError)


def _spread(kept: Kept, inner: int) -> Kept:
    """Return the indices of the elements of channels that are flattened."""
    return np.asarray((kept[:, None] * inner + np.arange(inner)).ravel())
