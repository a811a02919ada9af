"""Layers that read and write HDF5 files."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from caffetools.formats.find import find_file
from caffetools.layers.base import Blobs, Facts, Layer, Shape, Spec, at_least, dims, exactly
from caffetools.layers.checks import check_int
from caffetools.layers.items import all_given, batch_size, missing, needs_extra, placed


class HDF5Data(Layer):
    """For each top the dataset of its name, so many rows at a time (hdf5_data_layer.cpp).

    The source is a text file that lists HDF5 files. Without it `--data-shape` is a row of the first
    top; of the others nothing can be told.
    """

    type: ClassVar[str] = "HDF5Data"
    bottoms: ClassVar[Blobs] = exactly(0)
    tops: ClassVar[Blobs] = at_least(1)

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.param = spec.param("hdf5_data_param")
        check_int(self.param, "batch_size")
        if spec.message.has("transform_param"):
            raise spec.message.error("HDF5Data layers take no transform_param", "transform_param")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        if all_given(self.spec):
            return Facts((None,) * len(self.spec.tops))
        batch = batch_size(self.spec, self.param)
        path, notes = self.file()
        if path is not None:
            from caffetools.formats.hdf5_datasets import dataset_shapes

            read = partial(dataset_shapes, path, self.spec.tops)
            try:
                shapes = placed(self.param, "source", read)
            except ImportError as error:
                notes = (needs_extra(error),)
            else:
                self.check_rows(shapes)
                return Facts(tuple((batch, *shape[1:]) for shape in shapes))
        return self.untold(batch, notes)

    def file(self) -> tuple[str | None, tuple[str, ...]]:
        """The first file that the source lists, None where it is not there; and a note on it."""
        folder = self.spec.options.folder
        source = find_file(self.param.text("source"), folder)
        if source is None:
            return None, ()
        from caffetools.formats.listing import first_word

        listed = placed(self.param, "source", partial(first_word, source))
        path = find_file(listed, folder)
        return path, () if path else (f"the source lists {listed!a}, which is not there",)

    def check_rows(self, shapes: list[Shape]) -> None:
        """Raise ShapeError for datasets of different numbers of rows."""
        for shape in shapes[1:]:
            if shape[0] != shapes[0][0]:
                raise self.param.error(
                    "expected datasets with as many rows, "
                    f"found {dims(shapes[0])} and {dims(shape)}",
                    "source",
                )

    def untold(self, batch: int, notes: tuple[str, ...]) -> Facts:
        """What is left where no file can be read: the user's own words."""
        row = self.spec.options.data_shape
        tops = self.spec.tops
        shapes = (None if row is None else (batch, *row), *(None,) * (len(tops) - 1))
        notes += tuple(
            missing(self.spec, index)
            for index, shape in enumerate(shapes)
            if shape is None and tops[index] not in self.spec.options.input_shapes
        )
        return Facts(shapes, notes=notes)


class HDF5Output(Layer):
    """Writes its bottoms to a file, the data and the labels (hdf5_output_layer.cpp)."""

    type: ClassVar[str] = "HDF5Output"
    bottoms: ClassVar[Blobs] = exactly(2)
    tops: ClassVar[Blobs] = exactly(0)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        return Facts(())
