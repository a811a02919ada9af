"""The lines that Caffe logs while it initializes a net (net.cpp of master 9b8915401)."""

from __future__ import annotations

from collections.abc import Iterator

from caffetools.errors import GraphError
from caffetools.layers.blobs import Shape, count
from caffetools.net.cost import FLOAT_BYTES
from caffetools.net.infer import Inferred, InferredLayer
from caffetools.net.sharing import ParamBlob
from caffetools.table import printable

_PREFIX = "I0101 00:00:00.000000     1 "
"""glog's severity, date, time and thread; the time is that of no run."""


LogMessage = tuple[str, str]
"""The source line that logs a message, `net.cpp:124` for example, and the message."""


def caffe_log_lines(net: Inferred) -> Iterator[str]:
    """Yield the messages of `caffe_log` as lines of a log."""
    return (f"{_PREFIX}{source_line}] {message}" for source_line, message in caffe_log(net))


def caffe_log(net: Inferred) -> Iterator[LogMessage]:
    """Yield the messages from the first layer to "Network initialization done.".

    Raises GraphError, located, at a layer with unknown output shapes.
    """
    return ((source_line, printable(text)) for source_line, text in _messages(net))


def _messages(net: Inferred) -> Iterator[LogMessage]:
    memory = 0
    owners = {layer.node.key: layer for layer in net.layers if layer.params}
    for layer in net.layers:
        yield from _blobs(net, layer)
        yield "net.cpp:124", f"Setting up {layer.node.name}"
        for shape, weight in zip(layer.tops, layer.loss_weights, strict=True):
            if shape is None:
                text = f"the output shapes of layer {layer.node.name!a} are unknown"
                raise layer.node.message.error(text, kind=GraphError)
            memory += count(shape)
            yield "net.cpp:131", f"Top shape: {_shape(shape)}"
            if weight:
                yield "net.cpp:134", f"    with loss weight {weight:g}"
        yield "net.cpp:139", f"Memory required for data: {memory * FLOAT_BYTES}"
        for blob in layer.params:
            if blob.owner is not None:
                yield _sharing(blob, owners[blob.owner])
    yield from _backward(net)
    for blob_index in net.graph.outputs:
        name = net.graph.blobs[blob_index].name
        yield "net.cpp:244", f"This network produces output {name}"
    yield "net.cpp:257", "Network initialization done."


def _blobs(net: Inferred, layer: InferredLayer) -> Iterator[LogMessage]:
    node, blobs = layer.node, net.graph.blobs
    yield "layer_factory.hpp:77", f"Creating layer {node.name}"
    yield "net.cpp:86", f"Creating Layer {node.name}"
    for blob in node.bottoms:
        yield "net.cpp:408", f"{node.name} <- {blobs[blob].name}"
    for blob, in_place in zip(node.tops, node.in_place, strict=True):
        place, suffix = ("net.cpp:369", " (in-place)") if in_place else ("net.cpp:382", "")
        yield place, f"{node.name} -> {blobs[blob].name}{suffix}"


def _sharing(blob: ParamBlob, owner: InferredLayer) -> LogMessage:
    index = next(i for i, owned in enumerate(owner.params) if owned.name == blob.name)
    text = f"owned by layer '{owner.node.name}', param index {index}"
    return "net.cpp:467", f"Sharing parameters '{blob.name}' {text}"


def _backward(net: Inferred) -> Iterator[LogMessage]:
    for layer, needed in zip(reversed(net.layers), reversed(net.backward), strict=True):
        place, verb = ("net.cpp:200", "needs") if needed else ("net.cpp:202", "does not need")
        yield place, f"{layer.node.name} {verb} backward computation."


def _shape(shape: Shape) -> str:
    """Format a shape as Blob::shape_string: `1 3 227 227 (154587)`, a scalar `(1)`."""
    return "".join(f"{size} " for size in shape) + f"({count(shape)})"
