"""What data layers share that give items of channels, height and width, in batches with labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple, TypeVar

from caffetools.errors import CaffeToolsError
from caffetools.formats.find import find_file
from caffetools.layers.base import Blobs, Facts, Layer, Shape, Spec, exactly
from caffetools.layers.checks import check_int
from caffetools.layers.transform import Transform
from caffetools.proto.message import Message

Result = TypeVar("Result")

DEPRECATED = ("scale", "mean_file", "crop_size", "mirror")
"""Options that moved to transform_param in 2014; nets of that time are upgraded."""


class Known(NamedTuple):
    """What a layer's source and options tell of an item, before transform_param."""

    channels: int | None = None
    height: int | None = None
    width: int | None = None
    notes: tuple[str, ...] = ()


class ItemLayer(Layer):
    """(N, C, H, W), and the labels (N) where there is a second top (base_data_layer.cpp).

    What an item is: first as the options and the source say, then as `--data-shape` does, last as a
    note says that it is assumed.
    """

    bottoms: ClassVar[Blobs] = exactly(0)
    options: ClassVar[str]
    """The field with the layer's own options."""
    deprecated: ClassVar[tuple[str, ...]] = DEPRECATED

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.param = spec.param(self.options)
        self.transform = Transform(spec.message)
        check_int(self.param, "batch_size")

    def known(self) -> Known:
        """What the source and the layer's own options tell of an item."""
        raise NotImplementedError

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        batch = batch_size(self.spec, self.param)
        item, notes = (None, ()) if all_given(self.spec) else self.item()
        data = None if item is None else (batch, *item)
        notes += tuple(
            f"Caffe does not read {name} in {self.options}, only in transform_param"
            for name in self.deprecated
            if self.param.has(name)
        )
        if batch == 0:
            notes += ("a batch of no items: Caffe stops at the first",)
        return Facts((data, (batch,))[: len(self.spec.tops)], notes=notes)

    def item(self) -> tuple[Shape | None, tuple[str, ...]]:
        """Channels, height and width, None where they cannot be told; and notes."""
        known = self.known()
        if known.height is None:
            known = self.known_by_mean(known)
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
            notes += (f"3 channels are assumed; {hint(self.spec)} says otherwise",)
        if self.transform.mean_values not in (0, 1, channels):
            found = f"{self.transform.mean_values} values of mean_value for {channels} channels"
            notes += (f"{found}: Caffe stops at the first item",)
        return (channels, *size), notes

    def given_item(self) -> Shape | None:
        """The user's `--data-shape` as channels, height and width."""
        shape = self.spec.options.data_shape
        return None if shape is None or len(shape) > 3 else (*shape, 1, 1)[:3]

    def known_by_mean(self, known: Known) -> Known:
        """What is known where a mean image is there: every item must have its size."""
        path = find_file(self.transform.param.text("mean_file"), self.spec.options.folder)
        if path is None:
            return known
        from caffetools.formats.blob import read_blob_shape

        mean = placed(self.transform.param, "mean_file", lambda: read_blob_shape(path))
        channels, height, width = (1, 1, 1, *mean)[-3:]
        return Known(known.channels or channels, height, width, known.notes)


def batch_size(spec: Spec, param: Message) -> int:
    """The user's batch size, that of the data whose shape the user gives, or the layer's own."""
    given = spec.options.input_shapes.get(spec.tops[0])
    return spec.options.batch_size or (given[0] if given else param.integer("batch_size"))


def all_given(spec: Spec) -> bool:
    """Does the user say every top's shape? Then no source is opened."""
    return all(top in spec.options.input_shapes for top in spec.tops)


def hint(spec: Spec, index: int = 0) -> str:
    """The options by which the user says what a top is."""
    top = f"--input-shape {ascii(spec.tops[index])[1:-1]}=N,C,H,W"
    return f"--data-shape C,H,W or {top}" if index == 0 else top


def missing(spec: Spec, index: int = 0) -> str:
    """A note on what nothing tells."""
    return f"nothing tells the shape of {spec.tops[index]!a}: pass {hint(spec, index)}"


def needs_extra(error: ImportError) -> str:
    """A note on a library that is missing."""
    return f"reading the source takes {error.name}: pip install 'caffetools[data]'"


def placed(param: Message, name: str, read: Callable[[], Result]) -> Result:
    """What `read` gives; its errors stand at the option that names the file."""
    try:
        return read()
    except CaffeToolsError as error:
        raise param.source.place(error, param.place(name)) from None
    except OSError as error:
        raise param.error(f"cannot be read: {error.strerror or error}", name) from None
