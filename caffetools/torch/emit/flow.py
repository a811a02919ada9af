"""Layers of optical flow nets."""

from __future__ import annotations

from caffetools.layers.flow import ChannelNorm, Correlation, FlowWarp
from caffetools.torch.emit.base import Context, Emitters, Expression, call, fields, method


def correlation(layer: Correlation, context: Context) -> Expression:
    """The helper `correlation`."""
    options = fields(layer.param, pad=0, stride_1=1, stride_2=1, correlation_type="MULTIPLY")
    images = context.image(), context.image(1)
    return call("correlation", *images, layer.kernel, layer.reach, **options)


def flow_warp(layer: FlowWarp, context: Context) -> Expression:
    """The helper `flow_warp`."""
    options = fields(layer.param, fill_value="ZERO")
    return call("flow_warp", context.image(), context.image(1), **options)


def channel_norm(_: ChannelNorm, context: Context) -> Expression:
    """The method `norm`."""
    return method(context.image(), "norm", dim=1, keepdim=True)


EMITTERS: Emitters = {Correlation: correlation, FlowWarp: flow_warp, ChannelNorm: channel_norm}
