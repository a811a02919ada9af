"""Pooling over regions of interest."""

from __future__ import annotations

from caffetools.layers.region import PSROIPooling, ROIPooling
from caffetools.torch.emit.base import (
    Bottom,
    Context,
    Emission,
    Emitters,
    X,
    call,
    differing,
    values,
)


def roi_pooling(layer: ROIPooling, context: Context) -> Emission:
    """The maximum of each bin."""
    scale = context.param("roi_pooling_param").number("spatial_scale")
    options = differing(scale=(scale, 1.0))
    return values(call("roi_pool", X, Bottom(1), *layer.pooled, **options))


def psroi_pooling(layer: PSROIPooling, context: Context) -> Emission:
    """The mean of each bin, over channels of its own."""
    scale = context.param("psroi_pooling_param").number("spatial_scale")
    sizes = (layer.output_dim, layer.group_size)
    return values(call("psroi_pool", X, Bottom(1), *sizes, scale))


EMITTERS: Emitters = {PSROIPooling: psroi_pooling, ROIPooling: roi_pooling}
