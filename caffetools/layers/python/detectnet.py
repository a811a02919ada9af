"""The Python layers of NVIDIA's DetectNet (NVIDIA/caffe, python/caffe/layers/detectnet).

Boxes are rows of five numbers, a fixed number per image; unused rows are 0.
"""

from __future__ import annotations

from typing import ClassVar

from caffetools.layers.base import Facts
from caffetools.layers.blobs import Shape, at_least, exactly
from caffetools.layers.checks import check_axes, mismatch
from caffetools.layers.python_layer import PythonLayer

MAX_BOXES = 50


class Cluster(PythonLayer):
    """(N, classes, H, W), (N, 4, H, W) -> for each class (N, 50, 5).

    param_str is a list of numbers separated by commas; the last is the number of classes.
    """

    bottoms = exactly(2)
    tops = at_least(1)
    classes_at: ClassVar[int]
    """Index of the number of classes in the list; 1 for a shorter list."""

    def options_of(self, *kinds: type[int | float]) -> list[float]:
        """Return the first numbers of param_str, of these types."""
        words = self.param.text("param_str").split(",")[: len(kinds)]
        try:
            return [kind(word) for kind, word in zip(kinds, words, strict=True)]
        except ValueError:
            raise self.mistake(f"expected {len(kinds)} numbers") from None

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        tops = len(self.spec.tops)
        items = self.param.text("param_str").split(",")
        classes = items[self.classes_at].strip() if len(items) > self.classes_at else "1"
        if len(items) < self.classes_at or classes != str(tops):
            raise self.mistake(f"expected {tops} classes, one per top, at index {self.classes_at}")
        check_axes(bottoms[0], 2)
        if bottoms[0][1] != tops:
            raise mismatch(f"a bottom with {tops} classes, one per top", bottoms[0])
        return Facts(((bottoms[0][0], MAX_BOXES, 5),) * tops)


class ClusterGroundtruth(Cluster):
    """True boxes, from grids to lists (clustering.py)."""

    type = "caffe.layers.detectnet.clustering.ClusterGroundtruth"
    no_torch = ""
    classes_at = 3


class ClusterDetections(Cluster):
    """Detected boxes, clustered (clustering.py)."""

    type = "caffe.layers.detectnet.clustering.ClusterDetections"
    no_torch = ""
    classes_at = 7


class ScoreDetections(PythonLayer):
    """True and detected boxes -> true positives, false positives and misses (mean_ap.py)."""

    type = "caffe.layers.detectnet.mean_ap.ScoreDetections"
    no_torch = ""
    bottoms = exactly(2)
    tops = exactly(1)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        if not bottoms[0] or bottoms[0][:1] != bottoms[1][:1]:
            raise mismatch("boxes of equal images", bottoms[0], bottoms[1])
        return Facts(((bottoms[0][0], MAX_BOXES, 5),))


class MeanAveragePrecision(PythonLayer):
    """Scored boxes -> mean average precision, precision and recall, each (1) (mean_ap.py)."""

    type = "caffe.layers.detectnet.mean_ap.mAP"
    no_torch = ""
    bottoms = exactly(1)
    tops = exactly(3)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        return Facts(((1,),) * 3)
