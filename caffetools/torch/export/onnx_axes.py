"""Axes of inputs that may differ from run to run: the batch, height and width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from caffetools.layers.blobs import Shape
from caffetools.torch.export.module_spec import ModuleSpec

Axes = dict[int, str]
"""The names of an input's dynamic axes, "batch", "height" or "width", by their index."""


def dynamic_axes(spec: ModuleSpec, dynamic: Sequence[str]) -> tuple[Axes, ...]:
    """Return the axes of each input that "batch" and "size" make dynamic.

    The batch is the first axis of inputs that agree in it with the first input; a row of two axes
    for a batch of one, such as im_info, is none. Height and width are those of images like it.
    """
    shapes = [tensor.shape or () for tensor in spec.inputs]
    return tuple(_axes(shape, shapes[0], dynamic) for shape in shapes)


def _axes(shape: Shape, first: Shape, dynamic: Sequence[str]) -> Axes:
    found: Axes = {}
    if "batch" in dynamic and shape[:1] == first[:1] and (shape[:1], len(shape)) != ((1,), 2):
        found[0] = "batch"
    if "size" in dynamic and len(shape) == 4 and shape[2:] == first[2:]:
        found.update({2: "height", 3: "width"})
    return found


def resized(spec: ModuleSpec, axes: Sequence[Axes], sizes: Mapping[str, float]) -> ModuleSpec:
    """Return the description with other input sizes: a batch size, factors of height and width."""

    def size(extent: int, name: str | None) -> int:
        if name == "batch":
            return int(sizes.get(name, extent))
        return int(extent * sizes.get(name or "", 1))

    shapes = (
        None
        if tensor.shape is None
        else tuple(size(n, own.get(i)) for i, n in enumerate(tensor.shape))
        for tensor, own in zip(spec.inputs, axes, strict=True)
    )
    tensors = zip(spec.inputs, shapes, strict=True)
    return replace(spec, inputs=tuple(replace(tensor, shape=shape) for tensor, shape in tensors))
