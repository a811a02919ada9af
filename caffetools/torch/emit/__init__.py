"""Emitters: what each layer class is in PyTorch, as data.

An emitter is a function `(layer, context) -> Emission`, or returns only the expression of the
layer's top. `emit/K.py` holds the emitters of the classes in `layers/K.py`, listed in its EMITTERS;
helpers that they call are in `runtime/K.py`.

- `layer` is the layer object of `caffetools.layers`, with the options that it has read.
- `context` has the layer's message (`context.param("relu_param")`), the shapes of its bottoms and
  tops, its parameter blobs (`context.params`) and its own phase, if the prototxt gives one.
- The Emission lists the members to construct in `__init__` (`Member(call("nn.Linear", 800, 10))`,
  referred to as `MemberRef()`), one expression per top to compute in `forward`
  (`call(MemberRef(), X)`; a single expression for several tops is unpacked), and the tensor of each
  parameter blob (`Slot("weight", fill)`, in Caffe's order).
- Keywords equal to PyTorch's default are left out (`differing(stride=(stride, 1))`, and
  `fields(param, eps=1e-5)` for fields of a message).
- Where PyTorch has no equivalent, call a `runtime` helper by its bare name: its source, and that of
  everything it needs, is copied into the export. Set `keeps_state` for a member that carries state
  from one forward pass to the next.

A layer without bottoms and without an emitter is an input of the model, as all data layers are.
Blobs have Caffe's elements in Caffe's order; a Slot gives PyTorch's shape where it differs.
Nothing here names variables, writes text or imports PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from caffetools.layers.base import LayerClass
from caffetools.torch.emit.base import Context, Emission, Emitter

KINDS = (
    "accuracy", "activation", "bvlc", "convolution", "detection", "detection_loss", "detectnet",
    "elementwise", "flow", "inputs", "joining", "linear", "loss", "metric_loss", "normalization",
    "permutation", "pooling", "prior_box", "py_faster_rcnn", "recurrent", "region", "resampling",
    "reshaping", "selection", "sequence", "softmax_loss", "volume",
)  # fmt: skip
"""The modules of emitters."""


def emitter_of(layer_class: LayerClass) -> Callable[[Any, Context], Emission] | None:
    """Return the emitter of a layer class, or None."""
    emitter = _emitters().get(layer_class)
    if emitter is None:
        return None

    def emit(layer: Any, context: Context) -> Emission:
        result = emitter(layer, context)
        return result if isinstance(result, Emission) else Emission((result,))

    return emit


@cache
def _emitters() -> dict[LayerClass, Emitter]:
    found: dict[LayerClass, Emitter] = {}
    for kind in KINDS:
        emitters = import_module(f"{__name__}.{kind}").EMITTERS
        assert not found.keys() & emitters.keys(), f"{kind} lists a class that has an emitter"
        found.update(emitters)
    return found
