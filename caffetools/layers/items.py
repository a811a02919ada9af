"""Data layers that give batches of items (C, H, W) and labels: their shapes and sources."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple, TypeVar

from caffetools.errors import CaffeToolsError
from caffetools.formats.files import find_file
from caffetools.layers.base import Facts, Layer, Spec
from caffetools.layers.blobs import Shape, exactly
from caffetools.layers.checks import check_int
from caffetools.layers.transform import Transform, mean_mismatch
from caffetools.proto.message import Message

Result = TypeVar("Result")

DEPRECATED = ("scale", "mean_file", "crop_size", "mirror")
"""Options that moved to transform_param in 2014; older nets are upgraded."""


class Item(NamedTuple):
    """Shape of an item from the source and options, before transform_param; None if unknown."""

    channels: int | None = None
    height: int | None = None
    width: int | None = None
    notes: tuple[str, ...] = ()


class ItemLayer(Layer):
    """(N, C, H, W), and labels (N) as a second top (base_data_layer.cpp).

    The shape of an item comes from the options and the source, else from `--data-shape`, else it is
    assumed, with a note.
    """

    bottoms = exactly(0)
    no_torch = "an input of the model"
    deprecated: ClassVar[tuple[str, ...]] = DEPRECATED

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.transform = Transform(spec.message)
        check_int(self.param, "batch_size")

    def source_item(self) -> Item:
        """Return the shape of an item as far as source and options determine it."""
        raise NotImplementedError

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        batch = self.spec.batch_size(self.param)
        item, notes = (None, ()) if self.spec.gives_tops else self.item()
        data = None if item is None else (batch, *item)
        notes += tuple(
            f"Caffe does not read {name} in {self.param_name}, only in transform_param"
            for name in self.deprecated
            if self.param.has(name)
        )
        if batch == 0:
            notes += ("the batch is empty: Caffe aborts at the first item",)
        return Facts((data, (batch,))[: len(self.spec.tops)], notes=notes)

    def item(self) -> tuple[Shape | None, tuple[str, ...]]:
        """Return channels, height and width, None if they are unknown; and notes."""
        known = self.source_item()
        if known.height is None:
            known = self.with_mean_size(known)
        given = self.given_item()
        size = self.transform.size(known.height, known.width)
        if size is None and given is not None:
            size = self.transform.size(*given[1:])
        if size is None:
            return None, (*known.notes, missing(self.spec))
        notes = known.notes
        channels = known.channels
        if channels is None and self.transform.mean_values > 1:
            channels = self.transform.mean_values
        if channels is None and given is not None:
            channels = given[0]
        if channels is None:
            channels = 3
            notes += (f"3 channels are assumed; use {hint(self.spec)} to change it",)
        mismatch = mean_mismatch(self.transform.mean_values, channels)
        notes += (mismatch,) if mismatch else ()
        return (channels, *size), notes

    def given_item(self) -> Shape | None:
        """Return the user's `--data-shape` as channels, height and width."""
        shape = self.spec.options.data_shape
        return None if shape is None or len(shape) > 3 else (*shape, 1, 1)[:3]

    def with_mean_size(self, known: Item) -> Item:
        """Return the item with the size of the mean image, which every item must have."""
        path = find_file(self.transform.param.text("mean_file"), self.spec.options.folder)
        if path is None:
            return known
        from caffetools.formats.blob import read_blob_shape

        mean = placed(self.transform.param, "mean_file", lambda: read_blob_shape(path))
        channels, height, width = (1, 1, 1, *mean)[-3:]
        return Item(known.channels or channels, height, width, known.notes)


def hint(spec: Spec, index: int = 0) -> str:
    """Return the options that set the shape of a top."""
    top = f"--input-shape {ascii(spec.tops[index])[1:-1]}=N,C,H,W"
    return f"--data-shape C,H,W or {top}" if index == 0 else top


def missing(spec: Spec, index: int = 0) -> str:
    """Return a note on a top of unknown shape."""
    return f"the shape of {spec.tops[index]!a} is unknown; pass {hint(spec, index)}"


def needs_extra(error: ImportError) -> str:
    """Return a note on a missing library."""
    return f"reading the source requires {error.name}: pip install 'caffetools[data]'"


def placed(param: Message, name: str, read: Callable[[], Result]) -> Result:
    """Call `read`; its errors get the location of the option that names the file."""
    try:
        return read()
    except CaffeToolsError as error:
        raise param.source.place(error, param.place(name)) from None
    except OSError as error:
        raise param.error(f"cannot be read: {error.strerror or error}", name) from None
