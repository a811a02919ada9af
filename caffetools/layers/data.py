"""Data layers that read databases: LMDB, LevelDB and HDF5."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from caffetools.formats.annotated_datum import AnnotatedDatum, read_annotated_datum
from caffetools.formats.files import find, find_file
from caffetools.layers.base import Facts, Layer, Spec
from caffetools.layers.blobs import Shape, at_least, between, dims, exactly
from caffetools.layers.checks import check_int
from caffetools.layers.items import Item, ItemLayer, missing, needs_extra, placed
from caffetools.proto.message import Message

YOLO_BOXES = 300
"""Boxes of an item in eric612/MobileNet-YOLO with yolo_data_type 1."""


class Data(ItemLayer):
    """Items of an LMDB or LevelDB; the first record determines their size (data_layer.cpp)."""

    type = "Data"
    source_kind = "database"
    tops = between(1, 2)
    param_name = "data_param"

    def source_item(self) -> Item:
        folder = find(self.param.text("source"), self.spec.options.folder)
        if folder is None:
            return Item(self.transform.forced_channels())
        from caffetools.formats.database import backend_of, first_record

        kind = backend_of(folder)
        if kind is None:
            return Item(self.transform.forced_channels())
        if kind != self.param.text("backend"):
            backend = self.param.text("backend")
            text = f"expected a source of the backend {backend}, found {kind}"
            raise self.param.error(text, "source")
        try:
            record = placed(self.param, "source", partial(first_record, folder, kind))
        except ImportError as error:
            return Item(self.transform.forced_channels(), notes=(needs_extra(error),))
        if record is None:
            raise self.param.error("the source has no records", "source")
        return self.read(record)

    def read(self, record: bytes) -> Item:
        """Return the shape of a record."""
        from caffetools.formats.datum import read_datum_size

        item = placed(self.param, "source", partial(read_datum_size, record))
        if item.encoded:
            self.transform.check_decoding()
            channels = self.transform.forced_channels() or item.channels
            return Item(channels, item.height, item.width)
        extents = (item.channels or 0, item.height, item.width)
        if extents[0] == 0 or min(extents) < 0:
            text = f"expected items of at least 1 channel, found {dims(extents)}"
            raise self.param.error(text, "source")
        return Item(*extents)


class AnnotatedData(Data):
    """(N, C, H, W) and the boxes (1, 1, boxes, 8) of all its items (annotated_data_layer.cpp).

    In the setup there are as many boxes as in the first item, later as many as in the batch. Items
    without annotations have labels, (N, 1, 1, 1). Further tops remain empty.
    """

    type = "AnnotatedData"
    tops = at_least(1)
    data_axes: ClassVar[Mapping[int, int]] = {1: 2}
    origin = "weiliu89/caffe"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.annotation = spec.param("annotated_data_param")
        self.first: AnnotatedDatum | None = None
        batch, resize = self.param.integer("batch_size"), self.transform.resize
        if batch != 1 and resize and resize.text("resize_mode") == "FIT_SMALL_SIZE":
            text = f"expected a batch_size of 1 for FIT_SMALL_SIZE, found {batch}"
            raise resize.error(text, "resize_mode")

    def read(self, record: bytes) -> Item:
        self.first = placed(self.param, "source", lambda: read_annotated_datum(record))
        return super().read(self.first.datum)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        facts = super().facts(bottoms)
        if len(facts.tops) == 1:
            return facts
        boxes, notes = self.boxes()
        more = ((0,),) * len(self.spec.tops[2:])
        return Facts((facts.tops[0], boxes, *more), notes=facts.notes + notes)

    def boxes(self) -> tuple[Shape, tuple[str, ...]]:
        """Return the shape of the second top, and a note if it depends on the data."""
        batch = self.spec.batch_size(self.param)
        if self.annotation.integer("yolo_data_type") == 1:
            return (batch, 1, YOLO_BOXES, 5), ()
        if self.first and not (self.first.has_type or self.annotation.has("anno_type")):
            return (batch, 1, 1, 1), ()
        rows = max(len(self.first.boxes), 1) if self.first else 1
        return (1, 1, rows, 8), (f"{self.spec.tops[1]!a} has a row for each box of a batch",)


class CompactData(ItemLayer):
    """(N, 3, crop_size, crop_size), labels (N, 1, 1, 1) and boxes (N, 6, 1, 1).

    Items are encoded images, always decoded in color (compact_data_layer.cpp).
    """

    type = "CompactData"
    tops = between(1, 3)
    param_name = "data_param"
    origin = "yjxiong/caffe"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.transform.require_crop()
        if not self.transform.param.has("mean_file"):
            raise self.transform.param.error("expected a mean_file in transform_param, found none")

    def source_item(self) -> Item:
        return Item(3)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        facts, batch = super().facts(bottoms), self.spec.batch_size(self.param)
        tops = (facts.tops[0], (batch, 1, 1, 1), (batch, 6, 1, 1))
        return Facts(tops[: len(self.spec.tops)], notes=facts.notes)


class CPMData(ItemLayer):
    """(N, C, crop_size_y, crop_size_x) and, `stride` times smaller, 2 · (num_parts + 1) maps.

    C is 6, the image and masks, or 4 in the first forks, whose options are in transform_param. In
    the phase TEST items keep their size (cpm_data_layer.cpp, cpm_data_transformer.cpp).
    """

    type = "CPMData"
    tops = between(1, 2)
    param_name = "data_param"
    deprecated = ()
    origin = "CMU-Perceptual-Computing-Lab/caffe_train"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        own = spec.message.has("cpm_transform_param")
        self.channels = 6 if own else 4
        pose = spec.param("cpm_transform_param" if own else "transform_param")
        height, width = (read_cpm_option(pose, f"crop_size_{axis}", 368) for axis in "yx")
        self.size = (height, width)
        self.stride = read_cpm_option(pose, "stride", 4)
        self.parts = read_cpm_option(pose, "num_parts", 14)

    def source_item(self) -> Item:
        size = self.size if self.spec.phase == "TRAIN" else (None, None)
        return Item(self.channels, *size)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        facts = super().facts(bottoms)
        data = facts.tops[0]
        maps = None
        if data is not None:
            height, width = (extent // self.stride for extent in data[2:])
            maps = (self.spec.batch_size(self.param), 2 * (self.parts + 1), height, width)
        return Facts((data, maps)[: len(self.spec.tops)], notes=facts.notes)


class HDF5Data(Layer):
    """For each top batch_size rows of the dataset of its name (hdf5_data_layer.cpp).

    The source is a text file that lists HDF5 files. Without it `--data-shape` is a row of the first
    top; the other tops are unknown.
    """

    type = "HDF5Data"
    no_torch = "an input of the model"
    param_name = "hdf5_data_param"
    source_kind = "list of HDF5 files"
    bottoms = exactly(0)
    tops = at_least(1)

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        check_int(self.param, "batch_size")
        if spec.message.has("transform_param"):
            raise spec.message.error("HDF5Data does not support transform_param", "transform_param")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        if self.spec.gives_tops:
            return Facts((None,) * len(self.spec.tops))
        batch = self.spec.batch_size(self.param)
        path, notes = self.file()
        if path is not None:
            from caffetools.formats.hdf5 import dataset_shapes

            read = partial(dataset_shapes, path, self.spec.tops)
            try:
                shapes = placed(self.param, "source", read)
            except ImportError as error:
                notes = (needs_extra(error),)
            else:
                self.check_rows(shapes)
                return Facts(tuple((batch, *shape[1:]) for shape in shapes))
        return self.without_file(batch, notes)

    def file(self) -> tuple[str | None, tuple[str, ...]]:
        """Return the first listed file, None if it does not exist, with a note."""
        folder = self.spec.options.folder
        source = find_file(self.param.text("source"), folder)
        if source is None:
            return None, ()
        from caffetools.formats.files import first_word

        listed = placed(self.param, "source", partial(first_word, source))
        path = find_file(listed, folder)
        return path, () if path else (f"the source lists {listed!a}, which does not exist",)

    def check_rows(self, shapes: list[Shape]) -> None:
        """Raise ShapeError for datasets with different numbers of rows."""
        for shape in shapes[1:]:
            if shape[0] != shapes[0][0]:
                found = f"found {dims(shapes[0])} and {dims(shape)}"
                text = f"expected datasets with the same number of rows, {found}"
                raise self.param.error(text, "source")

    def without_file(self, batch: int, notes: tuple[str, ...]) -> Facts:
        """Return the shapes that the user gives, for a file that cannot be read."""
        row = self.spec.options.data_shape
        tops = self.spec.tops
        shapes = (None if row is None else (batch, *row), *(None,) * (len(tops) - 1))
        notes += tuple(
            missing(self.spec, index)
            for index, shape in enumerate(shapes)
            if shape is None and tops[index] not in self.spec.options.input_shapes
        )
        return Facts(shapes, notes=notes)


def read_cpm_option(param: Message, name: str, default: int) -> int:
    """Return an integer option that the schema lacks; ShapeError unless it is at least 1."""
    value = default if param.get(name) is None else param.get(name)
    if not isinstance(value, int) or value < 1:
        raise param.error(f"expected {name} to be an integer of at least 1", name)
    return value
