"""Items of a database or of a net's data layer, to be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.annotated_datum import Box, read_annotated_datum
from caffetools.formats.database import open_database
from caffetools.formats.datum import read_datum
from caffetools.torch.training.data.batches import Batches, Reading
from caffetools.torch.training.data.sources import DataSource, Rows
from caffetools.torch.training.data.transformer import Transform


class ShownItem(NamedTuple):
    """An item: its title, its pixels (H, W, 3) in RGB or (H, W) in grey, its boxes."""

    title: str
    pixels: NDArray[np.uint8]
    boxes: tuple[Box, ...] = ()


def stored_items(path: str, backend: str, numbers: range) -> Iterator[ShownItem]:
    """Return items of a database of Datum or AnnotatedDatum as they are stored.

    Raises CaffeToolsError, located, for a damaged record.
    """
    records = open_database(path, backend)
    for index in numbers[: len(records)]:
        record = records.read(index)
        key = records.key(index).decode("utf-8", "replace")
        try:
            boxes = tuple[Box, ...]()
            # Field 1 of an AnnotatedDatum is a message, that of a Datum a number.
            annotated = read_annotated_datum(record, "the record") if record else None
            if annotated is not None and annotated.datum:
                record, boxes = annotated.datum, annotated.boxes
            datum = read_datum(record, None)
        except CaffeToolsError as error:
            raise CaffeToolsError(f"record {index}: {error.message}", Location(path)) from None
        label = "" if boxes or datum.label < 0 else f", label {datum.label}"
        yield ShownItem(f"{key}{label}", _pixels(datum.values.astype(np.float32)), boxes)


def seen_items(source: DataSource, reading: Reading, numbers: range) -> Iterator[ShownItem]:
    """Return items of a data layer as the net sees them, their mean and scale taken back."""
    items = Batches(source, reading).items
    transform = getattr(items, "transform", Transform())
    for number in numbers:
        slot = number % source.batch_size
        values, *rest = items.read(number, slot)
        if values.ndim != 3:
            raise CaffeToolsError(f"expected images of 3 axes, found {values.ndim}")
        title, boxes = items.name(number, slot).rpartition(": ")[2], tuple[Box, ...]()
        if rest and isinstance(rest[0], Rows):
            boxes = tuple(
                Box(int(row[1]), int(row[2]), row[3], row[4], row[5], row[6], bool(row[7]))
                for row in rest[0].tolist()
            )
        elif rest and rest[0].size == 1:
            title += f", label {rest[0].item():g}"
        yield ShownItem(title, _pixels(transform.restored(values)), boxes)


def _pixels(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the pixels of an item (C, H, W) in BGR or grey."""
    pixels: NDArray[np.uint8] = np.rint(values).clip(0, 255).astype(np.uint8).transpose(1, 2, 0)
    return pixels[:, :, 2::-1] if pixels.shape[2] >= 3 else pixels[:, :, 0]
