"""The Python layers of DetectNet."""

from __future__ import annotations

from caffetools.layers.python.detectnet import (
    Cluster,
    ClusterDetections,
    ClusterGroundtruth,
    MeanAveragePrecision,
    ScoreDetections,
)
from caffetools.torch.emit.base import (
    Bottom,
    Context,
    Emission,
    Emitters,
    Expression,
    Subscript,
    X,
    call,
    function,
)


def cluster_ground_truth(layer: ClusterGroundtruth, _: Context) -> Emission:
    """The helper `cluster_ground_truth`."""
    width, height, stride = layer.options_of(int, int, int)
    return _per_class(layer, "cluster_ground_truth", (height, width), stride)


def cluster_detections(layer: ClusterDetections, _: Context) -> Emission:
    """The helper `cluster_detections`."""
    width, height, stride, *rest = layer.options_of(int, int, int, float, int, float, int)
    names = ("threshold", "group_threshold", "eps", "min_height")
    options = dict(zip(names, rest, strict=True))
    return _per_class(layer, "cluster_detections", (height, width), stride, **options)


def _per_class(layer: Cluster, helper: str, *sizes: Expression, **options: Expression) -> Emission:
    """Return the emission of a helper that returns a tuple of one list for each class."""
    lists = call(helper, X, Bottom(1), *sizes, **options)
    return Emission((lists if len(layer.spec.tops) > 1 else Subscript(lists, (0,)),))


EMITTERS: Emitters = {
    ClusterDetections: cluster_detections,
    ClusterGroundtruth: cluster_ground_truth,
    MeanAveragePrecision: function("mean_average_precision"),
    ScoreDetections: function("score_detections"),
}
