"""AnnotatedData: images with boxes, from an LMDB or a LevelDB (annotated_data_layer.cpp)."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError
from caffetools.formats.annotated_datum import AnnotatedDatum, read_annotated_datum
from caffetools.formats.database import open_database
from caffetools.formats.datum import DatumFields
from caffetools.torch.training.data.annotated_image import AnnotatedImage
from caffetools.torch.training.data.annotated_transform import AnnotatedTransform
from caffetools.torch.training.data.box_samplers import BatchSampler, draw_patch
from caffetools.torch.training.data.sources import ItemArrays, OpenSource, ReadContext, Rows


@dataclass(frozen=True)
class AnnotatedDatabase:
    """AnnotatedData: images, and a row of (item, class, instance, box, difficult) for each box.

    `annotated` says that records have boxes though the first does not say so. A third top, and
    those after it, remain empty.
    """

    tops: tuple[str, ...]
    source: str
    backend: str
    batch_size: int
    transform: AnnotatedTransform = field(default_factory=AnnotatedTransform)
    batch_sampler: tuple[BatchSampler, ...] = ()
    annotated: bool = False

    @property
    def workers(self) -> int:
        """0 for LevelDB, which only one process may open."""
        return 2 if self.backend == "LMDB" else 0

    def open(self, place: ReadContext) -> OpenSource:
        return _AnnotatedItems(self, place)


class _AnnotatedItems:
    def __init__(self, source: AnnotatedDatabase, place: ReadContext) -> None:
        self.source, self.place = source, place
        self.path = place.find(source.source)
        transform = source.transform.opened(place.find)
        assert isinstance(transform, AnnotatedTransform)
        self.transform = transform
        self.records = open_database(self.path, source.backend)
        self.has_boxes = source.annotated or self.record(0).has_type

    def record(self, index: int) -> AnnotatedDatum:
        """Return the record of an index."""
        return read_annotated_datum(self.records.read(index), "the record")

    def read(self, number: int, slot: int) -> ItemArrays:
        record = self.record(number % len(self.records))
        draws = self.place.draws(number)
        if self.has_boxes and not record.has_type:
            raise CaffeToolsError("the record does not say what its annotations are, others do")
        datum = DatumFields(record.datum, "the record")
        image = AnnotatedImage.read(datum, record.boxes, self.transform.color)
        image = self.transform.distorted(image, draws)
        patch = draw_patch(self.source.batch_sampler, image.boxes, draws)
        if patch is not None:
            image = image.cropped(patch, self.transform.emit_constraint)
        values, seen = self.transform.finished(image, draws, train=self.place.train)
        labels = (
            _rows(seen).view(Rows)
            if self.has_boxes
            else np.full((1, 1, 1), datum.label, np.float32)
        )
        rest = (np.zeros(0, np.float32) for _ in self.source.tops[2:])
        return (values, labels, *rest)[: len(self.source.tops)]

    def name(self, number: int, slot: int) -> str:
        index = number % len(self.records)
        try:
            key = f", key {os.fsdecode(self.records.key(index))!a}"
        except CaffeToolsError:
            key = ""
        return f"{self.path}: record {index}{key}"


def _rows(image: AnnotatedImage) -> NDArray[np.float32]:
    """Return (boxes, 8): item, class, instance, box, difficult."""
    item = np.zeros((len(image.boxes), 1), np.float32)
    return np.concatenate([item, image.marks[:, :2], image.boxes, image.marks[:, 2:]], 1)
