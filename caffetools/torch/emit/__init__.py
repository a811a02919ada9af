"""Layers in PyTorch, as data: a file for each family, an emitter for each layer class.

How to add a type: write a function `(layer, place) -> Emission` in the file of its family, and list
it under the layer's class in that file's EMITTERS; a new file goes into FAMILIES here. Then

- `layer` is the layer object of `caffetools.layers`, with the options that it has read;
- `place` knows its message (`place.param("relu_param")`), the shapes of its bottoms and tops, its
  blobs (`place.params`) and its phase, if it has one of its own;
- the Emission says what to construct (`Member(call("nn.Linear", 800, 10))`, read as `Own()`), what
  to compute for each top from the bottoms (`call(Own(), X)`; a single value for all tops is
  unpacked), and where each of Caffe's blobs lies (`Slot("weight", fill)`, in Caffe's order);
- pass only what differs from PyTorch's default (`differing(stride=(stride, 1))`);
- where PyTorch has no equal, call a helper of `runtime` by its bare name: its source and all that
  it needs go into the export. Say `keeps_state` where the member remembers former passes.

A layer without bottoms and without an emitter is an input of the model: so are all data layers.
Blobs of a layer always have Caffe's elements in Caffe's order; a Slot says PyTorch's shape where it
is another one. Nothing here knows names, writes text or imports PyTorch.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from caffetools.layers.base import LayerClass
from caffetools.torch.emit.base import Emitter

FAMILIES = (
    "activation",
    "classification",
    "convolution",
    "detection",
    "elementwise",
    "fork_elementwise",
    "fork_loss",
    "fork_normalization",
    "inputs",
    "joining",
    "linear",
    "loss",
    "normalization",
    "permutation",
    "pooling",
    "recurrent",
    "regions",
    "resampling",
    "reshaping",
    "selection",
)
"""The files of emitters."""


def emitter_of(layer_class: LayerClass) -> Emitter | None:
    """The emitter of a layer class, None for one that has none."""
    return _emitters().get(layer_class)


@cache
def _emitters() -> dict[LayerClass, Emitter]:
    found: dict[LayerClass, Emitter] = {}
    for family in FAMILIES:
        emitters = import_module(f"{__name__}.{family}").EMITTERS
        assert not found.keys() & emitters.keys(), f"{family} has an emitter that is there already"
        found.update(emitters)
    return found
