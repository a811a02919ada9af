"""Pooling over regions of interest."""

from __future__ import annotations

from caffetools.layers.region import PSROIPooling, ROIPooling
from caffetools.torch.emit.base import Bottom, Context, Emitters, Expression, X, call, differing


def roi_pooling(layer: ROIPooling, context: Context) -> Expression:
    """The helper `roi_pool`."""
    scale = context.param("roi_pooling_param").number("spatial_scale")
    return call("roi_pool", X, Bottom(1), *layer.pooled, **differing(scale=(scale, 1.0)))


def psroi_pooling(layer: PSROIPooling, context: Context) -> Expression:
    """The helper `psroi_pool`."""
    scale = context.param("psroi_pooling_param").number("spatial_scale")
    return call("psroi_pool", X, Bottom(1), layer.output_dim, layer.group_size, scale)


EMITTERS: Emitters = {PSROIPooling: psroi_pooling, ROIPooling: roi_pooling}
