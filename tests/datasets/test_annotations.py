from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from caffetools.datasets.annotations import names_of, read_boxes
from caffetools.errors import CaffeToolsError
from caffetools.formats.annotated_datum import Box

LABELS = {"cat": 2, "dog": 1, "18": 7}
SIZE = "<size><width>40</width><height>20</height></size>"


def voc(*objects: str, size: str = SIZE) -> str:
    inside = "".join(f"<object>{each}</object>" for each in objects)
    return f"<annotation>{size}{inside}</annotation>"


def bndbox(xmin: object, ymin: object, xmax: object, ymax: object) -> str:
    sides = {"xmin": xmin, "ymin": ymin, "xmax": xmax, "ymax": ymax}
    return "<bndbox>" + "".join(f"<{k}>{v}</{k}>" for k, v in sides.items()) + "</bndbox>"


HARD = "<difficult>1</difficult>"
CAT, DOG = "<name>cat</name>", "<name>dog</name>"


def boxes_of(folder: Path, text: str, form: str = "voc") -> tuple[list[Box], list[str]]:
    path = folder / "annotation"
    path.write_text(text)
    notes: list[str] = []
    return read_boxes(str(path), form, LABELS, (10, 20), notes.append), notes


def test_voc(tmp_path: Path) -> None:
    """In units of 40 x 20; objects of a class are numbered."""
    found, notes = boxes_of(
        tmp_path,
        voc(
            CAT + HARD + bndbox(10, 5, 20, 10),
            DOG + bndbox(0, 0, 40, 20),
            CAT + "<part><name>head</name>" + bndbox(1, 1, 2, 2) + "</part>" + bndbox(0, 0, 10, 10),
        ),
    )
    assert found == [
        Box(2, 0, 0.25, 0.25, 0.5, 0.5, True),
        Box(1, 0, 0, 0, 1, 1),
        Box(2, 1, 0, 0, 0.25, 0.5),
    ]
    assert notes == []


@pytest.mark.parametrize(
    ("body", "box"),
    [
        (CAT + bndbox(10, 5, 20, 10) + HARD, Box(2, 0, 0.25, 0.25, 0.5, 0.5)),  # too late
        (CAT + bndbox("10.5", 5, " 20 ", "x"), Box(2, 0, 0, 0.25, 0.5, 0)),  # 0 if not whole
        (CAT, Box(2, 0, 0, 0, 0, 0)),
    ],
)
def test_oddities_of_voc(tmp_path: Path, body: str, box: Box) -> None:
    assert boxes_of(tmp_path, voc(body))[0] == [box]


def test_the_images_own_size(tmp_path: Path) -> None:
    """10 x 20, where the file says none."""
    found, notes = boxes_of(tmp_path, voc(CAT + bndbox(5, 5, 30, 10), size=""))
    assert found == [Box(2, 0, 0.25, 0.5, 1.5, 1)]
    assert notes == [f"{tmp_path}/annotation: a box of 'cat' exceeds its image"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<annotation>", "expected XML: no element found"),
        ("<note/>", "expected an annotation, found 'note'"),
        (voc("<name>cow</name>" + bndbox(1, 1, 2, 2)), "unknown class 'cow'"),
        (voc(bndbox(1, 1, 2, 2) + CAT), "expected a name before bndbox"),
        (
            voc(CAT, size="<size><width>0</width><height>9</height></size>"),
            "expected a height and a width, found 9 and 0",
        ),
    ],
)
def test_mistakes_in_voc(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CaffeToolsError, match=message) as caught:
        boxes_of(tmp_path, text)
    assert str(caught.value.location) == f"{tmp_path}/annotation"


def coco(*annotations: dict[str, Any], image: Any = None) -> str:
    size = {"height": 20, "width": 40} if image is None else image
    return json.dumps({"image": size, "annotation": list(annotations)})


def test_coco(tmp_path: Path) -> None:
    """A box is its corner and its size; a crowd counts as difficult."""
    text = coco(
        {"category_id": 18, "bbox": [10, 5, 10.0, 5], "iscrowd": 1},
        {"category_id": 18, "bbox": [0, 0, 40, 20]},
    )
    found, _ = boxes_of(tmp_path, text, "coco")
    assert found == [Box(7, 0, 0.25, 0.25, 0.5, 0.5, True), Box(7, 1, 0, 0, 1, 1)]
    (own,), _ = boxes_of(
        tmp_path, coco({"category_id": 18, "bbox": [5, 5, 5, 5]}, image={}), "coco"
    )
    assert own[2:6] == (0.25, 0.5, 0.5, 1)


@pytest.mark.parametrize("text", ["[]", "{", "{}", coco({"bbox": [1, 2, 3, 4]})])
def test_mistakes_in_coco(tmp_path: Path, text: str) -> None:
    with pytest.raises(CaffeToolsError, match="expected an image and its annotations as COCO"):
        boxes_of(tmp_path, text, "coco")


def test_lines_of_text(tmp_path: Path) -> None:
    """In pixels of 10 x 20; what is no number ends the file."""
    found, _ = boxes_of(tmp_path, "3 5 5 10 10\n3 0 0 20\n10 4 x 0 1 1", "txt")
    assert found == [Box(3, 0, 0.25, 0.5, 0.5, 1), Box(3, 1, 0, 0, 1, 1)]


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    notes: list[str] = []
    path = str(tmp_path / "gone.xml")
    assert read_boxes(path, "voc", LABELS, (1, 1), notes.append) == []
    assert notes == [f"{path}: there is no such file: the image has no objects"]
    assert names_of(path, "voc") == set()


def test_names(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(voc(DOG, CAT, DOG))
    assert names_of(str(path), "voc") == {"cat", "dog"}
