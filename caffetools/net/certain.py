"""What holds of a net for every data shape, where its own is unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from caffetools.errors import CaffeToolsError
from caffetools.layers.base import Options
from caffetools.layers.blobs import Shape
from caffetools.net.infer import Inferred, InferredLayer, infer
from caffetools.net.sharing import ParamBlob

PartialShape: TypeAlias = "tuple[int | None, ...] | None"
"""A shape; None for an unknown extent, or for all of an unknown shape."""

_TRIALS = [
    (channels, 32 * height, 32 * width)
    for channels in (1, 2, 3, 4, 6)
    for height, width in ((15, 19), (11, 27))
]
"""Data shapes to try; U-nets expect multiples of 32."""


class Certain(NamedTuple):
    """A net, and what is known of it without its data shape."""

    net: Inferred
    """With the parameter blobs that do not depend on the data shape, also of layers whose cost is
    unknown."""
    shapes: tuple[PartialShape, ...]
    """Shape of each blob of the graph."""


def certain(net: Inferred, options: Options) -> Certain:
    """Infer a net with several data shapes, and return what they agree on.

    The first top of a layer of an unknown type that reads nothing counts as images. Nothing is
    found of a net that accepts none of the shapes.
    """
    trials = []
    if None in net.shapes and options.data_shape is None:
        sources = [layer.node for layer in net.layers if not layer.node.bottoms and not layer.layer]
        images = [net.graph.blobs[node.tops[0]].name for node in sources if node.tops]
        for batch, shape in enumerate(_TRIALS, 2):
            given = dict.fromkeys(images, (batch, *shape)) | options.input_shapes
            trial = replace(options, data_shape=shape, input_shapes=given)
            try:
                trials.append(infer(net.graph, trial))
            except CaffeToolsError:
                continue
    if not trials:
        return Certain(net, net.shapes)
    layers = tuple(
        layer._replace(params=_agreed_params([trial.layers[index] for trial in trials]))
        if layer.macs is None and layer.layer is not None
        else layer
        for index, layer in enumerate(net.layers)
    )
    shapes = [_agreed(each) for each in zip(*(trial.shapes for trial in trials), strict=True)]
    return Certain(net._replace(layers=layers), tuple(shapes))


def _agreed_params(layers: Sequence[InferredLayer]) -> tuple[ParamBlob, ...]:
    """Return the blobs of a layer that are the same in all trials."""
    return tuple(
        same[0]
        for same in zip(*(layer.params for layer in layers), strict=False)
        if len({blob.shape for blob in same}) == 1
    )


def _agreed(shapes: Sequence[Shape | None]) -> PartialShape:
    """Return the extents that are the same in all shapes."""
    known = [shape for shape in shapes if shape is not None]
    if len(known) < len(shapes) or len(set(map(len, known))) > 1:
        return None
    return tuple(
        extents[0] if len(set(extents)) == 1 else None for extents in zip(*known, strict=True)
    )
