"""The layer types that are known: one file a family, one class a type."""

from __future__ import annotations

from caffetools.layers.activation import Dropout, ReLU
from caffetools.layers.convolution import Convolution, Deconvolution
from caffetools.layers.inner_product import InnerProduct
from caffetools.layers.pooling import Pooling
from caffetools.layers.registry import Registry

REGISTRY = Registry(
    (
        Convolution,
        Deconvolution,
        Dropout,
        InnerProduct,
        Pooling,
        ReLU,
    )
)
"""Caffe's own types and those of the forks, by name."""
