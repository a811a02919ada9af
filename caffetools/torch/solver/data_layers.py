"""Data layers of a net -> what reads them in training, and what labels they may give."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

from caffetools.errors import CaffeToolsError
from caffetools.formats.database import backend_of
from caffetools.formats.files import find
from caffetools.layers.base import ClassLabels, Layer, Shape
from caffetools.layers.data import Data, HDF5Data
from caffetools.layers.image_data import ImageData, WindowData
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.proto.message import Message
from caffetools.torch.emit import emitter_of
from caffetools.torch.training.data.hdf5_rows import Hdf5
from caffetools.torch.training.data.image_list import ImageList
from caffetools.torch.training.data.sources import ArraySource, Database, DataSource, LabelRange
from caffetools.torch.training.data.transformer import Transform
from caffetools.torch.training.data.windows import WindowFile
from caffetools.torch.training.project import Origin


def sources_of(net: Net) -> tuple[DataSource, ...]:
    """What fills the inputs of the net's module, in the order of the layers."""
    return tuple(_source(net, layer) for layer in net.layers if is_input(layer))


def origins_of(net: Net) -> tuple[Origin, ...]:
    """For each of the sources what places its errors in the prototxt."""
    return tuple(
        partial(_placed, layer.node.message, _source_param(layer))
        for layer in net.layers
        if is_input(layer)
    )


def _source_param(layer: InferredLayer) -> str:
    """The field with the options that name the source, empty for a layer without one."""
    return layer.layer.param_name if layer.layer and layer.layer.source_kind else ""


def check_sources(net: Net) -> None:
    """Raise CaffeToolsError, placed, for a source that is not there, or tells no shape."""
    folder = os.path.dirname(net.inferred.graph.message.source.name)
    for layer in net.layers:
        if layer.layer is None or not layer.layer.source_kind:
            continue
        param = layer.node.message.message(layer.layer.param_name)
        text = _fault(layer.layer, param.text("source"), folder)
        if text is None and None in layer.tops:
            place = layer.node.message.location()
            notes = (note.message for note in net.notes if note.location == place)
            text = next(notes, "nothing tells the shape of its items")
        if text is not None:
            raise param.error(text, "source", kind=CaffeToolsError)


def _fault(layer: Layer, source: str, folder: str) -> str | None:
    """Why the layer cannot read its source, as far as the source's path shows."""
    path, kind = find(source, folder), layer.source_kind
    if path is None:
        return f"there is no {kind} {source!a}"
    if isinstance(layer, Data):
        return None if backend_of(path) else f"{source!a} is neither an LMDB nor a LevelDB"
    return None if os.path.isfile(path) else f"expected a {kind}, found that {source!a} is no file"


def _placed(layer: Message, param_name: str, error: CaffeToolsError) -> CaffeToolsError:
    """An error of a data layer's source, at the option that names the file."""
    transform = layer.message("transform_param")
    mean = transform.text("mean_file")
    if mean and error.location is not None and error.location.file.endswith(mean):
        return transform.error(str(error), "mean_file", kind=CaffeToolsError)
    param = layer.message(param_name) if param_name else layer
    return param.error(str(error), "source", kind=CaffeToolsError)


def is_input(layer: InferredLayer) -> bool:
    """Are the tops handed to the module by its caller?"""
    emitter = None if layer.layer is None else emitter_of(type(layer.layer))
    return not layer.node.bottoms and emitter is None


def labels_of(net: Net) -> dict[str, LabelRange]:
    """By top of a data layer: what labels all layers that read it as classes can take."""
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
    return LabelRange(
        classes, options.integer("ignore_label") if options.has("ignore_label") else None
    )


def _common(ranges: list[LabelRange]) -> LabelRange:
    ignored = {each.ignored for each in ranges}
    return LabelRange(
        min(each.classes for each in ranges), ignored.pop() if len(ignored) == 1 else None
    )


def _source(net: Net, layer: InferredLayer) -> DataSource:
    tops = tuple(net.blob(blob) for blob in layer.node.tops)
    make = _MAKERS.get(type(layer.layer), _arrays)
    return make(layer, tops, layer.node.message)


def _database(_: InferredLayer, tops: tuple[str, ...], message: Message) -> DataSource:
    param = message.message("data_param")
    return Database(
        tops,
        param.text("source"),
        param.text("backend"),
        param.integer("batch_size"),
        transform_of(message),
        param.integer("rand_skip"),
    )


def _images(_: InferredLayer, tops: tuple[str, ...], message: Message) -> DataSource:
    param = message.message("image_data_param")
    return ImageList(
        tops,
        param.text("source"),
        param.integer("batch_size"),
        transform_of(message),
        root_folder=param.text("root_folder"),
        new_height=param.integer("new_height"),
        new_width=param.integer("new_width"),
        is_color=param.flag("is_color"),
        shuffle=param.flag("shuffle"),
        rand_skip=param.integer("rand_skip"),
    )


def _hdf5(_: InferredLayer, tops: tuple[str, ...], message: Message) -> DataSource:
    param = message.message("hdf5_data_param")
    shuffle = param.flag("shuffle")
    return Hdf5(tops, param.text("source"), param.integer("batch_size"), shuffle=shuffle)


def _windows(_: InferredLayer, tops: tuple[str, ...], message: Message) -> DataSource:
    param = message.message("window_data_param")
    return WindowFile(
        tops,
        param.text("source"),
        param.integer("batch_size"),
        transform_of(message),
        scale=param.number("scale"),
        fg_threshold=param.number("fg_threshold"),
        bg_threshold=param.number("bg_threshold"),
        fg_fraction=param.number("fg_fraction"),
        context_pad=param.integer("context_pad"),
        crop_mode=param.text("crop_mode"),
        root_folder=param.text("root_folder"),
    )


def _arrays(layer: InferredLayer, tops: tuple[str, ...], _: Message) -> DataSource:
    """What a program must feed: MemoryData, Input, and types whose files nothing here reads."""
    shape = layer.tops[0]
    rows = tuple(None if each is None else each[1:] for each in layer.tops)
    return ArraySource(tops, shape[0] if shape else 1, shapes=rows)


_MAKERS: dict[type, Callable[[InferredLayer, tuple[str, ...], Message], DataSource]] = {
    Data: _database,
    HDF5Data: _hdf5,
    ImageData: _images,
    WindowData: _windows,
}


def transform_of(message: Message) -> Transform:
    """A layer's transform_param."""
    param = message.message("transform_param")
    given: dict[str, Any] = {
        "scale": param.number("scale"),
        "mirror": param.flag("mirror"),
        "crop_size": param.integer("crop_size"),
        "mean_file": param.text("mean_file"),
        "mean_values": tuple(param.numbers("mean_value")),
        "force_color": param.flag("force_color"),
        "force_gray": param.flag("force_gray"),
    }
    return Transform(**given)
