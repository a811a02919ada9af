"""A net to train -> the net to deploy: inputs for data layers, predictions for losses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from caffetools.editing.messages import layer_message, shape_text, with_layers, without
from caffetools.editing.predictions import Loss, heads, is_metric, losses
from caffetools.errors import CaffeToolsError, Note
from caffetools.layers.base import Options, Spec
from caffetools.layers.blobs import Shape
from caffetools.net.graph import State
from caffetools.net.infer import InferredLayer
from caffetools.net.loading import infer_net
from caffetools.net.net import Net
from caffetools.proto.comments import NEW
from caffetools.proto.message import Message

_TRAINING = frozenset(
    {"include", "exclude", "phase", "propagate_down", "loss_weight", "blobs", "transform_param"}
)
_FILLERS = frozenset({"weight_filler", "bias_filler", "filler"})
_OF_NET = frozenset({"layer", "state", "debug_info", "force_backward"})
"""Fields of a net that are for training, or written anew."""


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
            bottoms, tops = layer.bottom_names, layer.top_names
            self.shapes.update(zip(tops, layer.tops, strict=False))
            if layer.params or self.learned.intersection(bottoms):
                self.learned.update(tops)
            if is_metric(layer.node.message):
                scored.update(bottoms)
        self.kept = list(self.without_metrics(scored))

    def without_metrics(self, scored: set[str]) -> Iterator[InferredLayer]:
        """Yield the layers that are no losses or metrics, which read predictions and a label.

        A label is a blob that a loss or metric reads and that no parameter depends on.
        """
        inputs: set[str] = set()
        for layer in reversed(self.net.layers):
            bottoms, tops = layer.bottom_names, layer.top_names
            if layer.params or inputs.intersection(tops):
                inputs.update(bottoms)
        labels = scored - self.learned - inputs
        for layer in self.net.layers:
            bottoms, tops = layer.bottom_names, layer.top_names
            if is_metric(layer.node.message):
                continue
            if not labels.intersection(bottoms):
                yield layer
            elif not self.learned.intersection(tops):
                labels.update(tops)

    def layers(self) -> Iterator[Message]:
        """Yield the layers to deploy."""
        found = losses(self.message, self.learned)
        main = [loss for loss in found if self.is_main(loss, found)]
        wanted = {blob for loss in main for blob in loss.scores}
        auxiliary = {blob for loss in found for blob in loss.scores} - wanted
        wanted.update(blob for blob in self.outputs() if blob not in auxiliary)
        if not wanted:
            for layer in self.net.layers:
                if not layer.node.bottoms:
                    self.check_known(layer, layer.top_names)
            text = "the net has no loss and no output that depends on parameters"
            raise self.message.error(text, kind=CaffeToolsError)
        reached: list[InferredLayer] = []
        for layer in reversed(self.kept):
            bottoms, tops = layer.bottom_names, layer.top_names
            if wanted.intersection(tops):
                wanted.update(bottoms)
                reached.append(layer)
        for layer in reversed(reached):
            if layer.node.bottoms or layer.params:
                yield _for_inference(layer)
            else:
                yield from self.inputs(layer, wanted)
        present = {(layer.node.type, " ".join(layer.bottom_names)) for layer in self.kept}
        for loss in main:
            yield from heads(self.message, loss, len(main) == 1, self.shapes, present)
            if loss.type == "MultiBoxLoss":
                text = "the thresholds of DetectionOutput are those of SSD's own scripts"
                self.notes.append(Note(loss.message.location(), text))

    def inputs(self, layer: InferredLayer, wanted: set[str]) -> Iterator[Message]:
        """Yield an Input for each top of a data layer that a prediction needs."""
        offset = layer.node.message.offset
        tops = [top for top in layer.top_names if top in wanted]
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

    def is_main(self, loss: Loss, found: Iterable[Loss]) -> bool:
        """Whether no loss of the same kind has a larger weight; an auxiliary one is noted."""
        most = max(other.weight for other in found if loss.rivals(other, self.shapes))
        if loss.weight < most:
            text = f"left out {loss.scores[0]!a}, which has a loss_weight of {loss.weight:g}"
            self.notes.append(Note(loss.message.location(), text))
        return loss.weight >= most

    def outputs(self) -> list[str]:
        """Return the blobs that depend on parameters and that no kept layer reads."""
        unread: dict[str, None] = {}
        for layer in self.kept:
            bottoms, tops = layer.bottom_names, layer.top_names
            for blob in bottoms:
                unread.pop(blob, None)
            unread.update(dict.fromkeys(tops))
        return [blob for blob in unread if blob in self.learned]


def _for_inference(layer: InferredLayer) -> Message:
    """Return the layer without what only trains: multipliers, fillers, rules and loss weights.

    Those of multipliers and fillers stay from which a fork's layer infers what blobs it has.
    """
    node, known = layer.node, layer.known_bottoms
    kept = without(node.message, _TRAINING.__contains__)
    made = without(kept, _FILLERS.__contains__)
    if not any(param.text("name") for param in kept.messages("param")):
        made.fields.pop("param", None)
    if not layer.params or node.layer_class is None or known is None:
        return made
    bottoms, tops = tuple(kept.texts("bottom")), tuple(kept.texts("top"))
    sides = (Spec(each, bottoms, tops, "TEST", Options()) for each in (kept, made))
    first, second = (node.layer_class(spec).facts(known).params for spec in sides)
    return made if first == second else kept
