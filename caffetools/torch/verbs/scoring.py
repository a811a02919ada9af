"""`caffe test`: the outputs of a net over batches of its data, and their means (caffe.cpp)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from caffetools.net.net import Net
from caffetools.torch.solver.net_batches import batches_of, readers_of
from caffetools.torch.solver.solver_project import log_net, shown_outputs
from caffetools.torch.training.detection_scores import DetectionScores
from caffetools.torch.training.forward import Forward
from caffetools.torch.training.glog_writer import GlogWriter, number
from caffetools.torch.training.model import loss_weights, total_loss
from caffetools.torch.training.progress import SkippedItems
from caffetools.torch.verbs.class_scores import ClassScores, judge_of
from caffetools.torch.verbs.watched import watched_module


@dataclass(frozen=True)
class Score:
    """Result of a test."""

    iterations: int
    loss: float
    outputs: dict[str, list[float]]
    """Mean of each element of each output, by its name."""
    precisions: dict[str, dict[int, float]]
    """Average precision of each class, by the top of DetectionEvaluate."""
    classes: ClassScores | None
    """None for a net that compares no scores with labels."""

    @property
    def confusion(self) -> list[list[int]] | None:
        """Counts by label and prediction."""
        return None if self.classes is None else self.classes.confusion.tolist()

    def tables(self, names: Sequence[str] = ()) -> dict[str, list[dict[str, Any]]]:
        """Return means, classes and worst items as rows; `names` are those of the classes."""
        means: list[tuple[str, float]] = [("loss", self.loss)]
        for name, values in self.outputs.items():
            several = len(values) > 1
            means += ((f"{name}[{i}]" if several else name, v) for i, v in enumerate(values))
        for name, by_class in self.precisions.items():
            means += ((f"{name}: class {label}", value) for label, value in by_class.items())
            means.append((f"{name}: mean", sum(by_class.values()) / max(len(by_class), 1)))
        rows = [] if self.classes is None else self.classes.accuracies()
        shown = [*names[: len(rows)], *map(str, range(len(names), len(rows)))]
        return {
            "means": [{"mean of": name, "value": value} for name, value in means],
            "classes": [
                {"class": name, "items": items, "right": right, "accuracy": share}
                for name, (items, right, share) in zip(shown, rows, strict=True)
            ],
            "worst": [
                {
                    "worst item": item.name,
                    "label": shown[item.label],
                    "prediction": shown[item.predicted],
                    "margin": item.margin,
                }
                for item in (self.classes.ranked() if self.classes else ())
            ],
        }


def score(
    net: Net, weights: Sequence[str], iterations: int, device: torch.device, log: GlogWriter
) -> Score:
    """Test a net in the phase TEST on batches of its data, logging what `caffe test` logs.

    Raises CaffeToolsError, placed, for missing or damaged data, for weights that do not fit and for
    a net that cannot be run.
    """
    log_net(net, (), log)
    test = _Test(net, weights, device, log)
    log.say("caffe.cpp:281", f"Running for {iterations} iterations.")
    for iteration in range(iterations):
        test.run(iteration)
    return test.finish(iterations)


class _Test:
    def __init__(
        self, net: Net, weights: Sequence[str], device: torch.device, log: GlogWriter
    ) -> None:
        self.log = log
        self.judge = judge_of(net)
        blobs = () if self.judge is None else (self.judge.scores, self.judge.labels)
        self.readers = readers_of(net, 0, 0)
        self.batches = batches_of(self.readers)
        self.device = device
        self.module = watched_module(net, weights, blobs, log).to(device)
        self.forward = Forward(self.module, self.module, device, SkippedItems(log))
        self.classes = None if self.judge is None else ClassScores(self.judge)
        evaluated = {
            net.blob(layer.node.tops[0])
            for layer in net.layers
            if layer.node.type == "DetectionEvaluate"
        }
        self.detections = DetectionScores("11point") if evaluated else None
        self.evaluated = evaluated
        graph = net.inferred.graph
        names = shown_outputs(net) or {net.blob(blob): net.blob(blob) for blob in graph.outputs}
        self.names = names
        self.weights = loss_weights(self.module)
        self.totals: dict[str, Tensor] = {}
        self.loss = torch.zeros((), device=device)

    @torch.no_grad()
    def run(self, iteration: int) -> None:
        """Run a batch and log its outputs."""
        first = [reader.position for reader, _ in self.readers]
        batch = next(self.batches)
        inputs = {top: torch.from_numpy(each).to(self.device) for top, each in batch.items()}
        outputs = self.forward(self.module, inputs)
        self.loss += total_loss(outputs, self.weights)
        if self.detections is not None:
            self.detections.add({blob: outputs[blob] for blob in self.evaluated})
        for blob, name in self.names.items():
            values = outputs[blob].float()
            if blob in self.evaluated:
                continue
            self.totals[name] = self.totals[name] + values if name in self.totals else values
            for value in values.reshape(-1).tolist():
                self.log.say("caffe.cpp:304", f"Batch {iteration}, {name} = {number(value)}")
        if self.judge is not None and self.classes is not None:
            scores, labels = (
                outputs[blob].cpu().numpy() for blob in (self.judge.scores, self.judge.labels)
            )
            self.classes.add(scores, labels, self.name_of(first))

    def name_of(self, first: Sequence[int]) -> Callable[[int], str]:
        """Return the function that names an item of a batch, given the reader's first items."""
        items = self.readers[0][0].batches.items
        return lambda index: items.name(first[0] + index, index)

    def finish(self, iterations: int) -> Score:
        """Log the means and return the result."""
        loss = float(self.loss) / max(iterations, 1)
        self.log.say("caffe.cpp:309", f"Loss: {number(loss)}")
        shown = {self.names.get(blob, blob): weight for blob, weight in self.weights.items()}
        means: dict[str, list[float]] = {}
        for name, total in self.totals.items():
            means[name] = (total / max(iterations, 1)).reshape(-1).tolist()
            weight = shown.get(name, 0.0)
            for value in means[name]:
                more = f" (* {number(weight)} = {number(weight * value)} loss)" if weight else ""
                self.log.say("caffe.cpp:321", f"{name} = {number(value)}{more}")
        precisions = {} if self.detections is None else self.detections.precisions()
        for blob, by_class in precisions.items():
            for label, precision in by_class.items():
                self.log.say("caffe.cpp:321", f"class{label}: {number(precision)}")
            mean = sum(by_class.values()) / max(len(by_class), 1)
            self.log.say("caffe.cpp:321", f"{blob} = {number(mean)}")
        return Score(iterations, loss, means, precisions, self.classes)
