"""eval_type "detection": mean average precision of a test (solver.cpp of the SSD fork).

Average precision is that of `ComputeAP` in bbox_util.cpp, in its single precision.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from caffetools.errors import CaffeToolsError

Values = NDArray[np.float32]

_EPSILON = 1e-6
"""A smaller step of recall counts as none."""


class Detection(NamedTuple):
    """A detection of a class: its score, and whether it is right."""

    score: float
    right: bool


class DetectionScores:
    """Collects the tops of DetectionEvaluate over the batches of a test, by blob and class."""

    def __init__(
        self, version: str, visible: Callable[[Mapping[str, Tensor]], dict[str, Tensor]] = dict
    ) -> None:
        self.version, self.visible = version, visible
        self.objects: dict[str, dict[int, int]] = {}
        self.found: dict[str, dict[int, list[Detection]]] = {}

    def add(self, outputs: Mapping[str, Tensor]) -> None:
        """Add the outputs of a batch; raise CaffeToolsError unless each has rows of 5 numbers."""
        for blob, values in self.visible(outputs).items():
            if values.ndim < 1 or values.shape[-1] != 5:
                found = f"found {tuple(values.shape)} for {blob!a}"
                raise CaffeToolsError(f"eval_type detection expects outputs of 5 columns, {found}")
            objects = self.objects.setdefault(blob, defaultdict(int))
            detections = self.found.setdefault(blob, defaultdict(list))
            for item, label, number, right, wrong in values.detach().reshape(-1, 5).tolist():
                if item == -1:
                    objects[int(label)] += int(number)
                elif right or wrong:  # neither: a difficult object, which is not evaluated
                    detections[int(label)].append(Detection(number, bool(right)))

    def precisions(self) -> dict[str, dict[int, float]]:
        """Return the average precision of each class of each output; 0 for one never detected."""
        return {
            blob: {
                label: average_precision(self.found[blob].get(label, []), count, self.version)
                for label, count in sorted(objects.items())
            }
            for blob, objects in self.objects.items()
        }


def average_precision(found: Sequence[Detection], objects: int, version: str) -> float:
    """Return the area below the curve of precision over recall, as `version` measures it."""
    if not found or not objects:
        return 0.0
    right = np.cumsum([each.right for each in sorted(found, key=lambda each: -each.score)])
    hits = right.astype(np.float32)
    precision = (hits / np.arange(1, len(right) + 1)).astype(np.float32)
    recall = (hits / np.float32(objects)).astype(np.float32)
    return _WAYS[version](precision, recall)


def _eleven_points(precision: Values, recall: Values) -> float:
    """Mean of the best precisions at recalls of 0, 0.1, … 1 (VOC2007)."""
    total = np.float32(0)
    for point in range(10, -1, -1):
        reached = precision[recall.astype(np.float64) >= point / 10]
        total += reached.max(initial=np.float32(0)) / np.float32(11)
    return float(total)


def _best_area(precision: Values, recall: Values) -> float:
    """Area below the best precision at each recall or a greater one (VOC2012, ILSVRC)."""
    total, best, last = np.float32(0), precision[-1], recall[-1]
    for here, reached in zip(precision[-2::-1], recall[-2::-1], strict=True):
        best = max(here, best)
        if abs(last - reached) > _EPSILON:
            total += best * abs(last - reached)
        last = reached
    return float(total + last * best)


def _area(precision: Values, recall: Values) -> float:
    """Area below the precision at each recall."""
    total, last = np.float32(0), np.float32(0)
    for here, reached in zip(precision, recall, strict=True):
        if abs(reached - last) > _EPSILON:
            total += here * abs(reached - last)
        last = reached
    return float(total)


_WAYS: dict[str, Callable[[Values, Values], float]] = {
    "11point": _eleven_points,
    "MaxIntegral": _best_area,
    "Integral": _area,
}
"""Ways to measure average precision, by the values of `ap_version`."""
