"""What a net costs: parameters, multiply-accumulates, and memory in bytes of float32."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from caffetools.layers.base import Shape, count
from caffetools.net.infer import Inferred

FLOAT = 4
"""Bytes of a float32."""

HISTORIES = {"SGD": 1, "Nesterov": 1, "AdaGrad": 1, "RMSProp": 1, "AdaDelta": 2, "Adam": 2}
"""How many numbers each of Caffe's solvers keeps for a parameter (sgd_solvers.hpp)."""


@dataclass(frozen=True)
class Cost:
    """The totals of a net. None where a shape that the total depends on cannot be known."""

    params: int | None
    """Every blob counted once, at its owner."""
    learnable_params: int | None
    """Those that a solver would change: lr_mult not 0, and no statistics of BatchNorm."""
    statistics: int | None
    """BatchNorm's mean, variance and factor."""
    macs: int | None
    memory_bytes: int | None
    """Caffe's "Memory required for data": every top, those in place and of Splits too."""
    unique_memory_bytes: int | None
    """Every blob once, those of Splits too: what Caffe printed in the summer of 2014."""
    gradient_bytes: int | None
    """What training keeps beside: a gradient for each blob on the way back, and each parameter."""
    history_bytes: int | None
    """One number for each parameter, as SGD with momentum keeps it; Adam and AdaDelta keep two."""

    @property
    def frozen_params(self) -> int | None:
        """Those that a solver leaves alone, statistics apart."""
        if self.params is None or self.learnable_params is None or self.statistics is None:
            return None
        return self.params - self.learnable_params - self.statistics


def cost(net: Inferred) -> Cost:
    """The totals of a net."""
    owned = [blob for layer in net.layers for blob in layer.params if blob.owner is None]
    params: int | None = sum(blob.elements for blob in owned)
    learnable: int | None = sum(blob.elements for blob in owned if blob.learnable)
    statistics: int | None = sum(blob.elements for blob in owned if blob.statistic)
    macs: int | None = sum(layer.macs or 0 for layer in net.layers)
    if any(layer.macs is None for layer in net.layers):
        params = learnable = statistics = macs = None
    activations = _bytes(shape for layer in net.layers for shape in layer.tops)
    gradients = _bytes(net.shapes[blob] for blob in _blobs_with_gradient(net))
    return Cost(
        params=params,
        learnable_params=learnable,
        statistics=statistics,
        macs=macs,
        memory_bytes=activations,
        unique_memory_bytes=_bytes(net.shapes),
        gradient_bytes=None if gradients is None or params is None else gradients + FLOAT * params,
        history_bytes=None if params is None else FLOAT * params,
    )


def _blobs_with_gradient(net: Inferred) -> set[int]:
    """The blobs whose gradient some layer reads."""
    flags = zip(net.layers, net.needs_backward, strict=True)
    return {blob for layer, needed in flags if needed for blob in layer.node.tops}


def _bytes(shapes: Iterable[Shape | None]) -> int | None:
    total = 0
    for shape in shapes:
        if shape is None:
            return None
        total += FLOAT * count(shape)
    return total
