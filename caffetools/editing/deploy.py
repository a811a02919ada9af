"""A net to train -> the net to deploy: inputs for data layers, predictions for losses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from caffetools.editing.messages import layer_message, shape_text, with_layers, without
from caffetools.errors import CaffeToolsError, Note
from caffetools.layers.base import LayerClass, Options
from caffetools.layers.blobs import Shape
from caffetools.layers.registry import REGISTRY
from caffetools.net.graph import State
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net, infer_net
from caffetools.proto.comments import NEW
from caffetools.proto.message import Message

_TRAINING = frozenset(
    {"include", "exclude", "phase", "propagate_down", "loss_weight", "blobs", "transform_param"}
)
_OF_NET = frozenset({"layer", "state", "debug_info", "force_backward"})
"""Fields of a net that are for training, or written anew."""

_FILLERS = frozenset({"weight_filler", "bias_filler", "filler"})

_METRICS = (
    *("Accuracy", "SegAccuracy", "EltwiseAccuracy", "AccuracyRegression", "LabelsequenceAccuracy"),
    *("DetectionEvaluate", "EvalDetection", "Silence", "HDF5Output"),
)
_PREDICTIONS = {
    "SoftmaxWithLoss": "Softmax",
    "InfogainLoss": "Softmax",
    "SoftmaxWithLossOHEM": "Softmax",
    "SigmoidCrossEntropyLoss": "Sigmoid",
}
"""The layer that a loss contains, by its type."""


class _Loss(NamedTuple):
    """A loss layer of any phase, the predictions that it reads, and its weight."""

    message: Message
    bottoms: tuple[str, ...]
    weight: float

    @property
    def type(self) -> str:
        return self.message.text("type")


def deployed(net: Net) -> Net:
    """Return the net without data layers, losses and accuracies, with notes on what was chosen.

    Losses become the Softmax or Sigmoid that they contain; of several losses of the same scores and
    label the one with the largest weight is kept. Raises CaffeToolsError, placed, for a net without
    predictions and for an input of unknown shape.
    """
    found = _Deploy(net)
    layers = list(found.layers())
    message = net.inferred.graph.message
    kept = {name: entries for name, entries in message.fields.items() if name not in _OF_NET}
    made = with_layers(message.replaced(kept), layers)
    return infer_net(made, State("TEST"), Options(), found.notes)


class _Deploy:
    def __init__(self, net: Net) -> None:
        self.net = net
        self.message = net.inferred.graph.message
        self.notes: list[Note] = []
        self.shapes: dict[str, Shape | None] = {}
        self.learned: set[str] = set()
        """Blobs that depend on parameters."""
        scored: set[str] = set()
        for layer in net.layers:
            bottoms, tops = self.blobs(layer)
            self.shapes.update(zip(tops, layer.tops, strict=False))
            if layer.params or self.learned.intersection(bottoms):
                self.learned.update(tops)
            if _is_training(layer.node.layer_class, layer.node.message):
                scored.update(bottoms)
        self.kept = list(self.without_metrics(scored))

    def without_metrics(self, scored: set[str]) -> Iterator[InferredLayer]:
        """Yield the layers that are no losses or metrics, which read predictions and a label.

        A label is a blob that a loss or metric reads and that no parameter depends on.
        """
        inputs: set[str] = set()
        for layer in reversed(self.net.layers):
            bottoms, tops = self.blobs(layer)
            if layer.params or inputs.intersection(tops):
                inputs.update(bottoms)
        labels = scored - self.learned - inputs
        for layer in self.net.layers:
            bottoms, tops = self.blobs(layer)
            if _is_training(layer.node.layer_class, layer.node.message):
                continue
            if not labels.intersection(bottoms):
                yield layer
            elif not self.learned.intersection(tops):
                labels.update(tops)

    def blobs(self, layer: InferredLayer) -> tuple[list[str], list[str]]:
        """Return the names of a layer's bottoms and tops."""
        node = layer.node
        return [*map(self.net.blob, node.bottoms)], [*map(self.net.blob, node.tops)]

    def layers(self) -> Iterator[Message]:
        """Yield the layers to deploy."""
        losses = list(self.main_losses())
        heads = [head for loss in losses for head in self.head(loss, len(losses) == 1)]
        wanted = {blob for loss in losses for blob in loss.bottoms}
        wanted |= {blob for blob in self.outputs() if not wanted or blob not in self.auxiliary}
        if not wanted:
            for layer in self.net.layers:
                if not layer.node.bottoms:
                    self.check_known(layer, self.blobs(layer)[1])
            text = "the net has no loss and no output that depends on parameters"
            raise self.message.error(text, kind=CaffeToolsError)
        reached: list[InferredLayer] = []
        for layer in reversed(self.kept):
            bottoms, tops = self.blobs(layer)
            if wanted.intersection(tops):
                wanted.update(bottoms)
                reached.append(layer)
        for layer in reversed(reached):
            if layer.node.bottoms or layer.params:
                yield _for_inference(layer.node.message)
            else:
                yield from self.inputs(layer, wanted)
        yield from heads

    def inputs(self, layer: InferredLayer, wanted: set[str]) -> Iterator[Message]:
        """Yield an Input for each top of a data layer that a prediction needs."""
        offset = layer.node.message.offset
        tops = [top for top in self.blobs(layer)[1] if top in wanted]
        self.check_known(layer, tops)
        for top in tops:
            options = f"input_param {{ {shape_text(self.shapes[top] or ())} }}"
            yield layer_message(self.message, "Input", top, (), (top,), options, offset=offset)
            offset = NEW

    def check_known(self, layer: InferredLayer, tops: Iterable[str]) -> None:
        """Raise CaffeToolsError, placed, for a top of a data layer whose shape is unknown."""
        for top in tops:
            if self.shapes[top] is None:
                text = f"the shape of the input {top!a} is unknown; use --input-shape {top}=D,D,…"
                raise layer.node.message.error(text, kind=CaffeToolsError)

    def main_losses(self) -> Iterator[_Loss]:
        """Yield the losses that are no auxiliary ones; `auxiliary` are the scores of these."""
        losses = list(self.losses())
        self.auxiliary: set[str] = set()
        for loss in losses:
            rivals = (
                other.weight
                for other in losses
                if other.type == loss.type
                and other.message.texts("bottom")[1:] == loss.message.texts("bottom")[1:]
                and self.shapes[other.bottoms[0]] == self.shapes[loss.bottoms[0]]
            )
            if loss.weight >= max(rivals):
                yield loss
                continue
            self.auxiliary.update(loss.bottoms)
            text = f"left out {loss.bottoms[0]!a}, which has a loss_weight of {loss.weight:g}"
            self.notes.append(Note(loss.message.location(), text))

    def losses(self) -> Iterator[_Loss]:
        """Yield the losses of the file, whatever their phase, whose predictions the net has."""
        seen: set[tuple[str, ...]] = set()
        for message in self.message.messages("layer"):
            layer_class = REGISTRY.find(message.text("type"))
            if not _is_loss(layer_class, message) or message.text("type") in _METRICS:
                continue
            bottoms = tuple(blob for blob in message.texts("bottom") if blob in self.learned)
            labelled = layer_class is not None and layer_class.class_labels is not None
            bottoms = bottoms[:1] if labelled else bottoms
            if bottoms and bottoms not in seen:
                seen.add(bottoms)
                weight = message.numbers("loss_weight")[0] if message.has("loss_weight") else 1.0
                yield _Loss(message, bottoms, weight)

    def outputs(self) -> list[str]:
        """Return the blobs that depend on parameters and that no kept layer reads."""
        unread: dict[str, None] = {}
        for layer in self.kept:
            bottoms, tops = self.blobs(layer)
            for blob in bottoms:
                unread.pop(blob, None)
            unread.update(dict.fromkeys(tops))
        return [blob for blob in unread if blob in self.learned]

    def head(self, loss: _Loss, alone: bool) -> Iterator[Message]:
        """Yield the layers that a loss contains, unless the net computes the same already."""
        if loss.type == "MultiBoxLoss":
            yield from self.detections(loss)
            return
        kind, scores = _PREDICTIONS.get(loss.type, ""), loss.bottoms[0]
        present = any(
            layer.node.type == kind and self.blobs(layer)[0] == [scores] for layer in self.kept
        )
        if kind and not present:
            name = self.free("prob" if alone else f"{scores}_prob")
            made = layer_message(self.message, kind, name, (scores,), (name,))
            if kind == "Softmax" and loss.message.has("softmax_param"):
                made.fields["softmax_param"] = loss.message.fields["softmax_param"]
            yield made

    def free(self, name: str) -> str:
        """Return a name that no blob has."""
        while name in self.shapes:
            name += "_"
        return name

    def detections(self, loss: _Loss) -> Iterator[Message]:
        """Yield SSD's layers from the bottoms of a MultiBoxLoss to detections."""
        location, confidence, priors = loss.message.texts("bottom")[:3]
        param = loss.message.message("multibox_loss_param")
        classes = param.integer("num_classes")
        kind = "Sigmoid" if param.text("conf_loss_type") == "LOGISTIC" else "Softmax"
        axis = "softmax_param { axis: 2 }" if kind == "Softmax" else ""
        below = confidence
        for layer, suffix, options in (
            (
                "Reshape",
                "reshape",
                f"reshape_param {{ shape {{ dim: 0 dim: -1 dim: {classes} }} }}",
            ),
            (kind, kind.lower(), axis),
            ("Flatten", "flatten", "flatten_param { axis: 1 }"),
        ):
            name = self.free(f"{confidence}_{suffix}")
            yield layer_message(self.message, layer, name, (below,), (name,), options)
            below = name
        shared = str(param.flag("share_location")).lower()
        options = (
            f"detection_output_param {{ num_classes: {classes} share_location: {shared}"
            f" background_label_id: {param.integer('background_label_id')}"
            f" nms_param {{ nms_threshold: 0.45 top_k: 400 }} code_type: {param.text('code_type')}"
            " keep_top_k: 200 confidence_threshold: 0.01 }"
        )
        name, bottoms = self.free("detection_out"), (location, below, priors)
        yield layer_message(self.message, "DetectionOutput", name, bottoms, (name,), options)
        text = "DetectionOutput has the thresholds of SSD's own scripts: 0.45, 400, 200 and 0.01"
        self.notes.append(Note(loss.message.location(), text))


def _is_loss(layer_class: LayerClass | None, message: Message) -> bool:
    given = message.numbers("loss_weight")
    return any(given) or (not given and layer_class is not None and layer_class.is_loss)


def _is_training(layer_class: LayerClass | None, message: Message) -> bool:
    """Whether a layer only computes a loss or scores a test."""
    named = message.text("type") in _METRICS
    loss = layer_class is not None and layer_class.is_loss
    return named or loss or message.text("type") in _PREDICTIONS or _is_loss(layer_class, message)


def _for_inference(layer: Message) -> Message:
    """Return the layer without what only trains: multipliers, fillers, rules and loss weights."""
    # NVIDIA's BatchNorm has a scale and a bias if it has their fillers.
    fillers = frozenset[str]() if layer.text("type") == "BatchNorm" else _FILLERS
    made = without(layer, lambda name: name in _TRAINING or name in fillers)
    shared = [param for param in layer.messages("param") if param.text("name")]
    if not shared and made.has("param"):
        del made.fields["param"]
    return made


def preprocessing(net: Net, inputs: Iterable[str]) -> dict[str, object]:
    """Return what the data layers of a net to train do to an image, by input, as plain data."""
    found: dict[str, object] = {}
    for layer in net.layers:
        node = layer.node
        top = net.blob(node.tops[0]) if node.tops and not node.bottoms else ""
        if top in set(inputs) and layer.tops[0] is not None:
            found[top] = _transform(node.message, layer.tops[0])
    return found


def _transform(layer: Message, shape: Shape) -> dict[str, object]:
    """Return the options of transform_param that a test applies, and sizes to resize to."""
    param = layer.message("transform_param")
    resize = next(iter(param.messages("resize_param")), None)
    image = layer.message("image_data_param")
    size = resize or (image if image.integer("new_height") else None)
    height, width = ("height", "width") if size is resize else ("new_height", "new_width")
    return {
        "shape": list(shape),
        "channels": {1: "gray", 3: "BGR"}.get(shape[1]) if len(shape) == 4 else None,
        "resize": None if size is None else [size.integer(height), size.integer(width)],
        "crop_size": param.integer("crop_size"),
        "mean_value": param.numbers("mean_value"),
        "mean_file": param.text("mean_file") or None,
        "scale": param.number("scale"),
    }
