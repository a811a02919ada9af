"""AnnotatedData, the SSD fork's items with boxes."""

from __future__ import annotations

from typing import ClassVar

from caffetools.formats.annotated_datum import Annotated, read_annotated
from caffetools.layers.base import Facts, Shape, Spec
from caffetools.layers.data import Data
from caffetools.layers.items import Known, batch_size, placed

YOLO_BOXES = 300
"""So many boxes an item has in eric612/MobileNet-YOLO with yolo_data_type 1."""


class AnnotatedData(Data):
    """(N, C, H, W) and the boxes (1, 1, boxes, 8) of all its items (annotated_data_layer.cpp).

    At first there are as many boxes as the first item has, later as many as the batch has. Items
    without annotations have labels, (N, 1, 1, 1).
    """

    type: ClassVar[str] = "AnnotatedData"
    origin: ClassVar[str | None] = "weiliu89/caffe"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.annotation = spec.param("annotated_data_param")
        self.first: Annotated | None = None
        resize = self.transform.resize
        if resize and resize.text("resize_mode") == "FIT_SMALL_SIZE":
            batch = self.param.integer("batch_size")
            if batch != 1:
                raise resize.error(
                    f"expected a batch_size of 1 for FIT_SMALL_SIZE, found {batch}", "resize_mode"
                )

    def read(self, record: bytes) -> Known:
        self.first = placed(self.param, "source", lambda: read_annotated(record))
        return super().read(self.first.datum)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        facts = super().facts(bottoms)
        if len(facts.tops) == 1:
            return facts
        boxes, notes = self.boxes()
        return Facts((facts.tops[0], boxes), notes=facts.notes + notes)

    def boxes(self) -> tuple[Shape, tuple[str, ...]]:
        """The shape of the second top, and a note on what the data decide."""
        batch = batch_size(self.spec, self.param)
        if self.annotation.integer("yolo_data_type") == 1:
            return (batch, 1, YOLO_BOXES, 5), ()
        if self.first and not (self.first.has_type or self.annotation.has("anno_type")):
            return (batch, 1, 1, 1), ()
        rows = max(self.first.boxes, 1) if self.first else 1
        return (1, 1, rows, 8), (f"{self.spec.tops[1]!a} has a row for each box of a batch",)
