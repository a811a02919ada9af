"""Data layers that read images or items like images: from a database, a list, a window file.

What reads a source is imported where one is there: most nets come without theirs.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from caffetools.formats.find import find, find_file
from caffetools.layers.base import Blobs, Spec, between, dims, exactly
from caffetools.layers.checks import check_int
from caffetools.layers.items import DEPRECATED, ItemLayer, Known, needs_extra, placed

if TYPE_CHECKING:
    from caffetools.formats.image import ImageSize


class Data(ItemLayer):
    """Items of an LMDB or a LevelDB; the first record tells their size (data_layer.cpp)."""

    type: ClassVar[str] = "Data"
    tops: ClassVar[Blobs] = between(1, 2)
    options: ClassVar[str] = "data_param"

    def known(self) -> Known:
        folder = find(self.param.text("source"), self.spec.options.folder)
        if folder is None:
            return Known(self.transform.forced_channels())
        from caffetools.formats.database import backend_of, first_record

        kind = backend_of(folder)
        if kind is None:
            return Known(self.transform.forced_channels())
        if kind != self.param.text("backend"):
            backend = self.param.text("backend")
            raise self.param.error(f"the source is of kind {kind}, the backend {backend}", "source")
        try:
            record = placed(self.param, "source", partial(first_record, folder, kind))
        except ImportError as error:
            return Known(self.transform.forced_channels(), notes=(needs_extra(error),))
        if record is None:
            raise self.param.error("the source holds no records", "source")
        return self.read(record)

    def read(self, record: bytes) -> Known:
        """What a record tells."""
        from caffetools.formats.datum import read_datum

        item = placed(self.param, "source", partial(read_datum, record))
        if item.encoded:
            self.transform.check_decoding()
            channels = self.transform.forced_channels() or item.channels
            return Known(channels, item.height, item.width)
        extents = (item.channels or 0, item.height, item.width)
        if extents[0] == 0 or min(extents) < 0:
            raise self.param.error(
                f"expected items of at least 1 channel, found {dims(extents)}", "source"
            )
        return Known(*extents)


class ImageData(ItemLayer):
    """Images of a list of files, or all brought to one size (image_data_layer.cpp)."""

    type: ClassVar[str] = "ImageData"
    tops: ClassVar[Blobs] = exactly(2)
    options: ClassVar[str] = "image_data_param"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        for name in ("new_height", "new_width"):
            check_int(self.param, name)
        self.height = self.param.integer("new_height")
        self.width = self.param.integer("new_width")
        if bool(self.height) != bool(self.width):
            given = "new_height" if self.height else "new_width"
            raise self.param.error("expected new_height and new_width, found one of them", given)
        if self.param.integer("batch_size") == 0:
            raise self.param.error("expected a batch_size of at least 1, found 0", "batch_size")

    def known(self) -> Known:
        channels = 3 if self.param.flag("is_color") else 1
        if self.height:
            return Known(channels, self.height, self.width)
        folder = self.spec.options.folder
        source = find_file(self.param.text("source"), folder)
        if source is None:
            return Known(channels)
        from caffetools.formats.listing import first_images

        faults: list[str] = []
        for name in placed(self.param, "source", partial(first_images, source)):
            size = self.size_of(name)
            if not isinstance(size, str):
                break
            faults.append(size)
        else:
            return Known(channels, notes=(faults[0],))
        notes: tuple[str, ...] = ()
        if faults:
            notes = (f"{faults[0]}: Caffe stops there; the size is {name!a}'s",)
        if self.param.flag("shuffle") and not self.transform.crop:
            notes += ("shuffle: the size is that of the list's first image, Caffe takes any",)
        return Known(channels, size.height, size.width, notes)

    def size_of(self, name: str) -> ImageSize | str:
        """The size of an image of the list, or why it cannot be had."""
        from caffetools.formats.image import image_size, read_start

        name = self.param.text("root_folder") + name
        image = find_file(name, self.spec.options.folder)
        if image is None:
            return f"the image {name!a} is not there"
        size = image_size(placed(self.param, "source", partial(read_start, image)))
        return f"{name!a} is no JPEG, PNG, BMP or PNM image" if size is None else size


class WindowData(ItemLayer):
    """Windows of images, each warped to crop_size x crop_size (window_data_layer.cpp)."""

    type: ClassVar[str] = "WindowData"
    tops: ClassVar[Blobs] = exactly(2)
    options: ClassVar[str] = "window_data_param"
    deprecated: ClassVar[tuple[str, ...]] = tuple(
        name for name in DEPRECATED if name != "scale"
    )  # which it still reads

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        if self.transform.crop == 0:
            raise self.transform.param.error(
                "expected a crop_size of at least 1 in transform_param, found 0", "crop_size"
            )

    def known(self) -> Known:
        source = find_file(self.param.text("source"), self.spec.options.folder)
        if source is None:
            return Known()
        from caffetools.formats.listing import first_window_channels

        channels = placed(self.param, "source", partial(first_window_channels, source))
        return Known(channels)
