"""Which classes a test confuses, how accurate each is, and the items that it judges worst."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caffetools.layers.blobs import canonical_axis
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net

_MOST_WORST = 10


class Judge(NamedTuple):
    """The layer that compares scores with labels, and its blobs."""

    scores: str
    labels: str
    axis: int
    """Of the classes."""
    classes: int
    ignored: int | None
    """A label that is not counted."""


class WorstItem(NamedTuple):
    """An item, and how far the score of its class is below the best one."""

    margin: float
    name: str
    label: int
    predicted: int


def judge_of(net: Net) -> Judge | None:
    """Return the first Accuracy of a net, or else the first loss of classes; None without both."""
    found = [judge for layer in net.layers if (judge := _judge(net, layer)) is not None]
    accuracies = [judge for layer, judge in found if layer.layer and layer.layer.is_accuracy]
    return next(iter([*accuracies, *(judge for _, judge in found)]), None)


def _judge(net: Net, layer: InferredLayer) -> tuple[InferredLayer, Judge] | None:
    labels = layer.layer.class_labels if layer.layer else None
    scores = layer.bottoms[0] if layer.bottoms else None
    if labels is None or not labels.axis_param or len(layer.bottoms) < 2 or not scores:
        return None
    message = layer.node.message
    param = message.message(labels.axis_param)
    axis = canonical_axis(param.integer("axis"), scores, param)
    options = message.message(labels.ignore_param)
    ignored = options.integer("ignore_label") if options.has("ignore_label") else None
    blobs = (net.blob(blob) for blob in layer.node.bottoms[:2])
    return layer, Judge(next(blobs), next(blobs), axis, scores[axis], ignored)


@dataclass
class ClassScores:
    """Counts of a test, by class."""

    judge: Judge
    confusion: NDArray[np.int64] = field(init=False)
    """Number of items, or of positions, by label and prediction."""
    worst: list[WorstItem] = field(default_factory=list)
    """The items with the largest margins, while they are added in no order."""

    def __post_init__(self) -> None:
        self.confusion = np.zeros((self.judge.classes, self.judge.classes), np.int64)

    def add(
        self, scores: NDArray[np.float32], labels: NDArray[np.float32], name: Callable[[int], str]
    ) -> None:
        """Add a batch; `name` gives the name of an item by its index in the batch."""
        by_class = np.moveaxis(scores, self.judge.axis, -1).reshape(-1, self.judge.classes)
        truth = labels.reshape(-1).astype(np.int64)
        counted = (truth >= 0) & (truth < self.judge.classes)
        if self.judge.ignored is not None:
            counted &= truth != self.judge.ignored
        rows = np.arange(len(by_class))
        own = truth.clip(0, self.judge.classes - 1)
        others = by_class.copy()
        others[rows, own] = -np.inf
        best = others.argmax(1)
        margins = by_class[rows, best] - by_class[rows, own]
        # As in accuracy_layer.cpp, an item is wrong if another class has an equal score.
        predicted = np.where(margins < 0, own, best)
        np.add.at(self.confusion, (truth[counted], predicted[counted]), 1)
        if len(by_class) != len(scores):
            return
        for index in np.flatnonzero(counted & (predicted != own)):
            item = WorstItem(
                float(margins[index]), name(int(index)), int(truth[index]), int(predicted[index])
            )
            (heapq.heappush if len(self.worst) < _MOST_WORST else heapq.heappushpop)(
                self.worst, item
            )

    def ranked(self) -> list[WorstItem]:
        """Return the worst items, the worst first."""
        return sorted(self.worst, reverse=True)

    def accuracies(self) -> list[tuple[int, int, float | None]]:
        """Return items, right ones and their share of each class; None for a class without items.

        For the share of all items see the net's Accuracy.
        """
        items, right = self.confusion.sum(1), self.confusion.diagonal()
        return [
            (int(count), int(hits), float(hits / count) if count else None)
            for count, hits in zip(items, right, strict=True)
        ]
