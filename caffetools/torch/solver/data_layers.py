"""Data layers of a net -> the sources that training reads, and the range of their labels."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from math import prod
from typing import Any

from caffetools.errors import CaffeToolsError
from caffetools.formats.database import backend_of
from caffetools.formats.files import find
from caffetools.layers.base import ClassLabels, Layer
from caffetools.layers.blobs import Shape
from caffetools.layers.data import AnnotatedData, Data, HDF5Data
from caffetools.layers.image_data import ImageData, WindowData
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.proto.message import Message
from caffetools.torch.export.emitted_layers import is_input
from caffetools.torch.solver.annotated_options import (
    FORK_OPTIONS,
    batch_samplers_of,
    transform_of_annotated,
)
from caffetools.torch.training.data.annotated_items import AnnotatedDatabase
from caffetools.torch.training.data.hdf5_rows import Hdf5
from caffetools.torch.training.data.image_list import ImageList
from caffetools.torch.training.data.sources import ArraySource, Database, DataSource, LabelRange
from caffetools.torch.training.data.transformer import Transform
from caffetools.torch.training.data.windows import WindowFile
from caffetools.torch.training.project import Origin

_SOURCES: dict[type, Callable[..., DataSource]] = {
    AnnotatedData: AnnotatedDatabase,
    Data: Database,
    HDF5Data: Hdf5,
    ImageData: ImageList,
    WindowData: WindowFile,
}
"""The source of each type of data layer whose files are read here."""


def sources_of(net: Net) -> tuple[DataSource, ...]:
    """Return the source of each data layer, in the order of the layers."""
    return tuple(_source(net, layer) for layer in net.layers if is_input(layer))


def origins_of(net: Net) -> tuple[Origin, ...]:
    """Return, for each of the sources, the function that locates its errors in the prototxt."""
    return tuple(
        partial(_located, layer.node.message, _source_param(layer))
        for layer in net.layers
        if is_input(layer)
    )


def _source_param(layer: InferredLayer) -> str:
    """Return the field with the options that name the source, empty for a layer without one."""
    return layer.layer.param_name if layer.layer and layer.layer.source_kind else ""


def check_sources(net: Net) -> None:
    """Raise CaffeToolsError, located, for a missing source and for one of unknown shape."""
    folder = os.path.dirname(net.inferred.graph.message.source.name)
    for layer in net.layers:
        if layer.layer is None or not layer.layer.source_kind:
            continue
        param = layer.node.message.message(layer.layer.param_name)
        text = _fault(layer.layer, param.text("source"), folder)
        if text is None and None in layer.tops:
            location = layer.node.message.location()
            notes = (note.message for note in net.notes if note.location == location)
            text = next(notes, "the shape of its items is unknown")
        if text is not None:
            raise param.error(text, "source", kind=CaffeToolsError)


def _fault(layer: Layer, source: str, folder: str) -> str | None:
    """Return why the layer cannot read its source, None where the path gives no reason."""
    path, kind = find(source, folder), layer.source_kind
    if path is None:
        return f"no such {kind}: {source!a}"
    if isinstance(layer, Data):
        return None if backend_of(path) else f"expected an LMDB or a LevelDB, found {source!a}"
    return None if os.path.isfile(path) else f"expected a {kind}, {source!a} is not a file"


def _located(layer: Message, param_name: str, error: CaffeToolsError) -> CaffeToolsError:
    """Return an error of a data layer's source, located at the option that names the file."""
    transform = layer.message("transform_param")
    mean = transform.text("mean_file")
    if mean and error.location is not None and error.location.file.endswith(mean):
        return transform.error(str(error), "mean_file", kind=CaffeToolsError)
    param = layer.message(param_name) if param_name else layer
    return param.error(str(error), "source", kind=CaffeToolsError)


def labels_of(net: Net) -> dict[str, LabelRange]:
    """Return the labels that all readers of a data layer's top accept, by top."""
    given = {net.blob(blob) for each in net.layers if is_input(each) for blob in each.node.tops}
    ranges: dict[str, list[LabelRange]] = {}
    for layer in net.layers:
        labels = layer.layer.class_labels if layer.layer else None
        if labels and len(layer.bottoms) > 1 and layer.bottoms[0]:
            top = net.blob(layer.node.bottoms[1])
            if top in given:
                message, scores = layer.node.message, layer.bottoms[0]
                ranges.setdefault(top, []).append(_label_range(message, labels, scores))
    return {top: _common(each) for top, each in ranges.items()}


def _label_range(message: Message, labels: ClassLabels, scores: Shape) -> LabelRange:
    if not labels.axis_param:
        return LabelRange(prod(scores[1:]))
    classes = scores[message.message(labels.axis_param).integer("axis")]
    options = message.message(labels.ignore_param)
    ignored = options.integer("ignore_label") if options.has("ignore_label") else None
    return LabelRange(classes, ignored)


def _common(ranges: list[LabelRange]) -> LabelRange:
    ignored = {each.ignored for each in ranges}
    classes = min(each.classes for each in ranges)
    return LabelRange(classes, ignored.pop() if len(ignored) == 1 else None)


def _source(net: Net, layer: InferredLayer) -> DataSource:
    """Return a layer's source: arrays from the caller for a type without a `source_kind`."""
    tops, message = tuple(net.blob(blob) for blob in layer.node.tops), layer.node.message
    source = _SOURCES.get(type(layer.layer))
    if source is None:
        if layer.layer and layer.layer.source_kind:
            text = f"training cannot read the {layer.layer.source_kind} of {message.text('type')!a}"
            raise message.error(text, "type", kind=CaffeToolsError)
        shape = layer.tops[0]
        items = tuple(None if each is None else each[1:] for each in layer.tops)
        return ArraySource(tops, shape[0] if shape else 1, shapes=items)
    options = _options(source, message.message(_source_param(layer)))
    if source is AnnotatedDatabase:
        options["transform"] = transform_of_annotated(message)
        options["batch_sampler"] = batch_samplers_of(message)
        options["annotated"] = message.message("annotated_data_param").has("anno_type")
    elif source is not Hdf5:
        options["transform"] = transform_of(message)
    return source(tops, **options)


def transform_of(layer: Message) -> Transform:
    """Return the transform_param of a layer."""
    param = layer.message("transform_param")
    if any(map(param.has, FORK_OPTIONS)):
        return transform_of_annotated(layer)
    return Transform(mean_values=tuple(param.numbers("mean_value")), **_options(Transform, param))


def _options(kind: Any, param: Message) -> dict[str, Any]:
    """Return the values of the fields that the class and the message have in common."""
    known = param.descriptor.fields if param.descriptor else {}
    return {field.name: param.get(field.name) for field in fields(kind) if field.name in known}
