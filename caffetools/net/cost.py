"""Cost of a net: parameters, multiply-accumulates, and memory in bytes of float32."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from caffetools.layers.blobs import Shape, count
from caffetools.net.infer import Inferred

FLOAT_BYTES = 4
"""Bytes of a float32."""

HISTORY_VALUES = {"SGD": 1, "Nesterov": 1, "AdaGrad": 1, "RMSProp": 1, "AdaDelta": 2, "Adam": 2}
"""Number of history values that each solver keeps per parameter (sgd_solvers.hpp)."""


@dataclass(frozen=True)
class Cost:
    """Totals of a net; None for a total that depends on an unknown shape."""

    params: int | None
    """Elements of all parameter blobs, shared blobs counted once."""
    learnable_params: int | None
    """Parameters that a solver changes: lr_mult is not 0; no BatchNorm statistics."""
    statistics: int | None
    """Elements of BatchNorm's mean, variance and scale factor."""
    macs: int | None
    """Multiply-accumulates of convolutions, inner products and recurrent layers."""
    memory_bytes: int | None
    """Caffe's "Memory required for data": every top, in-place and inserted Split tops included."""
    unique_memory_bytes: int | None
    """Every blob once, copies of Splits included, as Caffe printed in the summer of 2014."""
    gradient_bytes: int | None
    """Gradients in training: of each blob that needs one, and of each parameter."""
    history_bytes: int | None
    """One value per parameter, as SGD with momentum has; Adam and AdaDelta have two."""

    @property
    def frozen_params(self) -> int | None:
        """Parameters with lr_mult 0, without BatchNorm's statistics."""
        if self.params is None or self.learnable_params is None or self.statistics is None:
            return None
        return self.params - self.learnable_params - self.statistics


def cost(net: Inferred, partial: bool = False) -> Cost:
    """Return the totals of a net; if `partial`, of what is known of it."""
    owned = [blob for layer in net.layers for blob in layer.params if blob.owner is None]
    params: int | None = sum(blob.elements for blob in owned)
    learnable: int | None = sum(blob.elements for blob in owned if blob.learnable)
    statistics: int | None = sum(blob.elements for blob in owned if blob.statistic)
    macs: int | None = sum(layer.macs or 0 for layer in net.layers)
    if not partial and any(layer.macs is None for layer in net.layers):
        params = learnable = statistics = macs = None
    param_bytes = None if params is None else FLOAT_BYTES * params

    def size(shapes: Iterable[Shape | None]) -> int | None:
        return _bytes(shape for shape in shapes if shape is not None or not partial)

    gradients = size(net.shapes[blob] for blob in _blobs_with_gradient(net))
    return Cost(
        params=params,
        learnable_params=learnable,
        statistics=statistics,
        macs=macs,
        memory_bytes=size(shape for layer in net.layers for shape in layer.tops),
        unique_memory_bytes=size(net.shapes),
        gradient_bytes=None
        if gradients is None or params is None
        else gradients + FLOAT_BYTES * params,
        history_bytes=param_bytes,
    )


def _blobs_with_gradient(net: Inferred) -> set[int]:
    """Return the blobs whose gradient a layer computes."""
    flags = zip(net.layers, net.needs_backward, strict=True)
    return {blob for layer, needed in flags if needed for blob in layer.node.tops}


def _bytes(shapes: Iterable[Shape | None]) -> int | None:
    total = 0
    for shape in shapes:
        if shape is None:
            return None
        total += FLOAT_BYTES * count(shape)
    return total
