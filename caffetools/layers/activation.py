"""Layers that compute each element from the one at its place: all shapes stay."""

from __future__ import annotations

from typing import ClassVar

from caffetools.layers.base import Layer


class ReLU(Layer):
    """max(0, x), or negative_slope · x below 0 (relu_layer.cpp)."""

    type: ClassVar[str] = "ReLU"


class Dropout(Layer):
    """At training, zeroes a share of the elements and scales the rest up (dropout_layer.cpp)."""

    type: ClassVar[str] = "Dropout"
