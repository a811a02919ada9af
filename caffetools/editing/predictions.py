"""What a loss layer predicts: the layers that it contains, and which of several losses count."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import NamedTuple

from caffetools.editing.messages import layer_message
from caffetools.layers.base import LayerClass
from caffetools.layers.blobs import Shape
from caffetools.layers.registry import REGISTRY
from caffetools.proto.message import Message

_CONTAINED = {
    "SoftmaxWithLoss": "Softmax",
    "InfogainLoss": "Softmax",
    "SoftmaxWithLossOHEM": "Softmax",
    "SigmoidCrossEntropyLoss": "Sigmoid",
}
"""The layer that a loss contains, by its type."""

_SINKS = ("DetectionEvaluate", "EvalDetection", "Silence", "HDF5Output")

_DETECTION = """\
detection_output_param {{
  num_classes: {classes} share_location: {shared} background_label_id: {background}
  nms_param {{ nms_threshold: 0.45 top_k: 400 }} code_type: {code}
  keep_top_k: 200 confidence_threshold: 0.01
}}"""
"""With the thresholds of SSD's own scripts."""


class Loss(NamedTuple):
    """A loss layer, the predictions that it reads, and its weight."""

    message: Message
    scores: tuple[str, ...]
    weight: float

    @property
    def type(self) -> str:
        """Type of the layer."""
        return self.message.text("type")

    def rivals(self, other: Loss, shapes: Mapping[str, Shape | None]) -> bool:
        """Whether another loss compares scores of the same kind with the same label."""
        labels = (each.message.texts("bottom")[1:] for each in (self, other))
        first, second = (shapes[each.scores[0]] for each in (self, other))
        return self.type == other.type and first == second and next(labels) == next(labels)


def is_loss(layer: Message) -> bool:
    """Whether a layer has a weight in the loss, as given or by its type."""
    found, given = _class_of(layer), layer.numbers("loss_weight")
    return any(given) or (not given and found is not None and found.is_loss)


def is_metric(layer: Message) -> bool:
    """Whether a layer only computes a loss or scores a test."""
    found, kind = _class_of(layer), layer.text("type")
    scores = found is not None and (found.is_loss or found.is_accuracy)
    return scores or kind in _CONTAINED or kind in _SINKS or is_loss(layer)


def losses(net: Message, learned: Container[str]) -> list[Loss]:
    """Return the losses of a net in any phase whose predictions, blobs in `learned`, exist."""
    found: dict[tuple[str, ...], Loss] = {}
    for layer in net.messages("layer"):
        kind = _class_of(layer)
        if is_loss(layer) and not (kind is not None and kind.is_accuracy):
            scores = tuple(blob for blob in layer.texts("bottom") if blob in learned)
            if kind is not None and kind.class_labels is not None:
                scores = scores[:1]
            weight = layer.numbers("loss_weight")[0] if layer.has("loss_weight") else 1.0
            if scores:
                found.setdefault(scores, Loss(layer, scores, weight))
    return list(found.values())


def heads(
    net: Message, loss: Loss, alone: bool, taken: Container[str], present: Iterable[tuple[str, str]]
) -> Iterator[Message]:
    """Yield the layers that a loss contains, unless they are `present`, as type and bottom.

    The only loss of a net gives `prob`.
    """
    if loss.type == "MultiBoxLoss":
        yield from _detections(net, loss, taken)
        return
    kind, scores = _CONTAINED.get(loss.type, ""), loss.scores[0]
    if kind and (kind, scores) not in present:
        name = _free("prob" if alone else f"{scores}_prob", taken)
        made = layer_message(net, kind, name, (scores,), (name,))
        if kind == "Softmax" and loss.message.has("softmax_param"):
            made.fields["softmax_param"] = loss.message.fields["softmax_param"]
        yield made


def _class_of(layer: Message) -> LayerClass | None:
    return REGISTRY.class_of(layer.text("type"), layer)


def _free(name: str, taken: Container[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _detections(net: Message, loss: Loss, taken: Container[str]) -> Iterator[Message]:
    """Yield SSD's layers from the bottoms of a MultiBoxLoss to detections."""
    location, confidence, priors = loss.message.texts("bottom")[:3]
    param = loss.message.message("multibox_loss_param")
    options = _DETECTION.format(
        classes=param.integer("num_classes"),
        shared=str(param.flag("share_location")).lower(),
        background=param.integer("background_label_id"),
        code=param.text("code_type"),
    )
    shape = f"reshape_param {{ shape {{ dim: 0 dim: -1 dim: {param.integer('num_classes')} }} }}"
    logistic = param.text("conf_loss_type") == "LOGISTIC"
    top = confidence
    for kind, text in (
        ("Reshape", shape),
        ("Sigmoid", "") if logistic else ("Softmax", "softmax_param { axis: 2 }"),
        ("Flatten", "flatten_param { axis: 1 }"),
    ):
        bottom, top = top, _free(f"{confidence}_{kind.lower()}", taken)
        yield layer_message(net, kind, top, (bottom,), (top,), text)
    name = _free("detection_out", taken)
    yield layer_message(net, "DetectionOutput", name, (location, top, priors), (name,), options)
