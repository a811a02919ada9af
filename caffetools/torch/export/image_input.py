"""A module whose input is an image, so that an ONNX graph does the preprocessing, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from caffetools.torch.emit.base import MemberRef, X, call, differing
from caffetools.torch.export.module_spec import Construction, ModuleSpec, Statement
from caffetools.torch.export.preprocess import ImageSteps

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LAYER = "preprocess"


def with_image_input(
    spec: ModuleSpec, tensors: Mapping[str, NDArray[Any]], steps: ImageSteps
) -> tuple[ModuleSpec, Mapping[str, NDArray[Any]]]:
    """Return the module with its first input of the steps' shape as RGB images, and its tensors.

    Images are from 0 to 255 and resized, but not cropped.
    """
    place = [tensor.shape for tensor in spec.inputs].index(steps.shape)
    made, mean = spec.inputs[place], steps.cropped_mean
    image = replace(made, shape=(*steps.shape[:2], *steps.resized))
    options = differing(
        crop=(steps.size, steps.resized),
        mean=(steps.mean if mean is None else (), ()),
        mean_image=(None if mean is None else MemberRef(), None),
        scale=(steps.scale, 1.0),
        gray=(steps.gray, False),
    )
    constructions, members = spec.constructions, {}
    if mean is not None:
        name = f"{_LAYER}_mean"
        while name in {each.name for each in constructions}:
            name += "_"
        value = call("nn.Parameter", call("torch.zeros", mean.shape))
        constructions, members = (
            (Construction(name, value, _LAYER, False), *constructions),
            {"": name},
        )
        tensors = {**tensors, name: mean}
    value = call("transform_image", X, **options)
    first = Statement(_LAYER, _LAYER, None, (value,), (made,), (image,), members, None)
    inputs = (*spec.inputs[:place], image, *spec.inputs[place + 1 :])
    found = replace(
        spec, inputs=inputs, constructions=constructions, statements=(first, *spec.statements)
    )
    return found, tensors
