"""Pooling over regions of interest."""

from __future__ import annotations

from caffetools.layers.region import BoxAnnotatorOHEM, PSROIPooling, ROIPooling
from caffetools.torch.emit.base import (
    Bottom,
    Context,
    Emission,
    Emitters,
    Expression,
    X,
    call,
    differing,
    fields,
)


def roi_pooling(layer: ROIPooling, context: Context) -> Expression:
    """The helper `roi_pool`."""
    scale = context.param("roi_pooling_param").number("spatial_scale")
    return call("roi_pool", X, Bottom(1), *layer.pooled, **differing(scale=(scale, 1.0)))


def psroi_pooling(layer: PSROIPooling, context: Context) -> Expression:
    """The helper `psroi_pool`."""
    scale = context.param("psroi_pooling_param").number("spatial_scale")
    return call("psroi_pool", X, Bottom(1), layer.output_dim, layer.group_size, scale)


def box_annotator_ohem(layer: BoxAnnotatorOHEM, context: Context) -> Emission:
    """The helper `box_annotator_ohem`."""
    images = (context.image(index) for index in range(4))
    count, options = layer.param.integer("roi_per_img"), fields(layer.param, ignore_label=-1)
    return Emission((call("box_annotator_ohem", *images, count, **options),))


EMITTERS: Emitters = {
    BoxAnnotatorOHEM: box_annotator_ohem,
    PSROIPooling: psroi_pooling,
    ROIPooling: roi_pooling,
}
