"""Losses that learn distances: to the centres of classes, and of triplets."""

from __future__ import annotations

from caffetools.layers.base import ClassLabels, Facts, Param, Spec
from caffetools.layers.blobs import Shape, between, count
from caffetools.layers.checks import read_integer
from caffetools.layers.fillers import check_filler
from caffetools.layers.loss import LossLayer, check_vectors


class CenterLoss(LossLayer):
    """Half the squared distance of features (N, …) to the centre of their class, over N.

    Blob: centres (num_output, K), where K are the axes from `axis` on (center_loss_layer.cpp).
    """

    type = "CenterLoss"
    param_name = "center_loss_param"
    class_labels = ClassLabels()
    origin = "ydwen/caffe-face"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        read_integer(self.param, "num_output")
        self.distance = self.param.text("distance_type")
        if self.distance not in ("L1", "L2"):
            text = f"expected a distance_type of L1 or L2, found {self.distance!a}"
            raise self.param.error(text, "distance_type")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        self.check(bottoms)
        check_vectors(bottoms[1], "second bottom", channels=1)
        features = count(bottoms[0][self.axis_of(bottoms[0]) :])
        center = Param("center", (self.param.integer("num_output"), features))
        notes = check_filler(self.param.message("center_filler"), center)
        return Facts(((),), (center,), notes=notes)


class TripletLoss(LossLayer):
    """Anchors, like and unlike (N, C) -> half the mean of max(0, margin + d² - e²).

    d and e are the distances to the like and to the unlike (triplet_loss_layer.cpp). A fourth
    bottom, weights of the items, is not read.
    """

    type = "TripletLoss"
    param_name = "triplet_loss_param"
    bottoms = between(3, 4)
    force_backward = (True, True, True, False)
    elementwise = True
    origin = "happynear/caffe-windows"

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        super().check(bottoms)
        super().check((bottoms[0], bottoms[2]))
        channels = check_vectors(bottoms[0], "first bottom")
        check_vectors(bottoms[1], "second bottom", channels=channels)
        check_vectors(bottoms[2], "third bottom", channels=channels)
