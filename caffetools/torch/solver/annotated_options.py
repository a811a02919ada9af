"""The options of an AnnotatedData layer -> how training transforms and samples its images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

from caffetools.errors import CaffeToolsError
from caffetools.proto.message import Message
from caffetools.torch.training.data.annotated_image import EmitConstraint
from caffetools.torch.training.data.annotated_transform import AnnotatedTransform, Expansion
from caffetools.torch.training.data.box_samplers import BatchSampler, SampleConstraint, Sampler
from caffetools.torch.training.data.distortion import Distortion
from caffetools.torch.training.data.image_noise import Noise, SaltPepper
from caffetools.torch.training.data.image_resize import Resize

Record = TypeVar("Record")

_PARTS: dict[str, Callable[..., Any]] = {
    "resize_param": Resize,
    "noise_param": Noise,
    "distort_param": Distortion,
    "expand_param": Expansion,
    "emit_constraint": EmitConstraint,
}
"""The record of each message in transform_param."""


FORK_OPTIONS = ("resize_param", "noise_param", "crop_h", "crop_w")
"""Options of transform_param that the SSD fork's other data layers have, too."""


def transform_of_annotated(layer: Message) -> AnnotatedTransform:
    """Return the transform_param of an AnnotatedData layer.

    Raises CaffeToolsError, located at the message, for what the fork refuses.
    """
    param = layer.message("transform_param")
    parts = {
        name: _record(kind, param.messages(name)[0])
        for name, kind in _PARTS.items()
        if param.has(name)
    }
    return _record(
        AnnotatedTransform, param, mean_values=tuple(param.numbers("mean_value")), **parts
    )


def batch_samplers_of(layer: Message) -> tuple[BatchSampler, ...]:
    """Return the samplers of a layer; raises CaffeToolsError, located, for a wrong range."""
    return tuple(
        _record(
            BatchSampler,
            each,
            sampler=_record(Sampler, each.message("sampler")),
            sample_constraint=_record(SampleConstraint, each.message("sample_constraint")),
        )
        for each in layer.message("annotated_data_param").messages("batch_sampler")
    )


def _record(kind: Callable[..., Record], param: Message, **given: Any) -> Record:
    """Return a record of the fields that a message sets; `given` are those that are records."""
    if kind is Noise:
        given["saltpepper_param"] = _record(SaltPepper, param.message("saltpepper_param"))
    for field in fields(kind):  # type: ignore[arg-type]
        if field.name not in given and param.has(field.name):
            repeated = str(field.type).startswith("tuple")
            value = tuple(param.all(field.name)) if repeated else param.get(field.name)
            given[field.name] = value
    if kind is Resize:
        given = {"height": 0, "width": 0, **given}
    try:
        return kind(**given)
    except CaffeToolsError as error:
        raise param.error(error.message, kind=CaffeToolsError) from None
