"""Small nets that tests of exports share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from caffetools.formats.caffemodel import caffemodel
from caffetools.net.net import Net

PHASES = """
name: "Two phases"
layer { name: "data" type: "Input" top: "data" top: "label" include { phase: TRAIN }
        input_param { shape { dim: 8 dim: 4 } shape { dim: 8 } } }
layer { name: "data" type: "Input" top: "data" top: "label" include { phase: TEST }
        input_param { shape { dim: 2 dim: 4 } shape { dim: 2 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
        inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy"
        include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""
"""A net whose phases differ in their data and an accuracy."""

FOLDING = """
name: "Folding"
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 4 dim: 9 dim: 9 } } }
layer { name: "c" type: "Convolution" bottom: "x" top: "c"
        convolution_param { num_output: 4 group: 2 kernel_size: 3 bias_term: false } }
layer { name: "b" type: "BatchNorm" bottom: "c" top: "c" }
layer { name: "s" type: "Scale" bottom: "c" top: "c" scale_param { bias_term: true } }
layer { name: "r" type: "ReLU" bottom: "c" top: "c" }
layer { name: "d" type: "Deconvolution" bottom: "c" top: "d"
        convolution_param { num_output: 6 group: 2 kernel_size: 3 } }
layer { name: "b2" type: "BatchNorm" bottom: "d" top: "b2" }
layer { name: "s2" type: "Scale" bottom: "b2" top: "s2" }
layer { name: "i" type: "InnerProduct" bottom: "s2" top: "i"
        inner_product_param { num_output: 3 transpose: true } }
layer { name: "b3" type: "BatchNorm" bottom: "i" top: "b3" }
"""
"""A net with all that can be folded."""

SHARING = """
name: "Siamese"
layer { name: "a" type: "Input" top: "a" top: "b" input_param { shape { dim: 4 dim: 5 } } }
layer { name: "c" type: "InnerProduct" bottom: "a" top: "fa" param { name: "w" } param { name: "v" }
        inner_product_param { num_output: 3 } }
layer { name: "cp" type: "InnerProduct" bottom: "b" top: "fb" param { name: "w" }
        param { name: "v" } inner_product_param { num_output: 3 } }
layer { name: "half" type: "InnerProduct" bottom: "a" top: "fc" param { name: "w" }
        inner_product_param { num_output: 3 } }
"""
"""Layers that share all their blobs, and one that shares a single one."""


def drawn(net: Net) -> dict[str, list[NDArray[Any]]]:
    """Blobs for each layer that has some, the variances and factors of BatchNorm above 0."""
    random = np.random.default_rng(1)
    found = {}
    for layer in net.layers:
        blobs = []
        for param in layer.params:
            values = random.normal(size=param.shape).astype(np.float32)
            positive = param.role in {"variance", "factor"}
            blobs.append(np.abs(values) + np.float32(0.5) if positive else values)
        if blobs:
            found[layer.node.name] = blobs
    return found


def stored(blobs: dict[str, list[NDArray[Any]]]) -> bytes:
    """A .caffemodel with these blobs."""
    return b"".join(caffemodel("net", [(name, "", arrays) for name, arrays in blobs.items()]))
