from __future__ import annotations

from pathlib import Path

import pytest

from caffetools.layers.base import Shape
from tests.formats.files import datum, number, payload, write_lmdb
from tests.layers.cases import check_refused, layer_text, set_up

RESIZE = "resize_param { prob: 1 resize_mode: WARP height: 300 width: 320 }"


def annotated(transform: str, options: str = "", tops: str = "data label", batch: int = 8) -> str:
    lines = f"transform_param {{ {transform} }}\nannotated_data_param {{ {options} }}\n"
    lines += f'data_param {{ source: "db" batch_size: {batch} backend: LMDB }}'
    return layer_text("AnnotatedData", lines, "", tops)


def record(boxes: int, kind: bytes = number(2, 0)) -> bytes:
    return payload(1, datum(3, 50, 60)) + kind + payload(3, payload(2, b"") * boxes)


def test_without_a_source() -> None:
    case = set_up(annotated(f"{RESIZE} mean_value: 104 mean_value: 117 mean_value: 123"))
    assert case.tops == ((8, 3, 300, 320), (1, 1, 1, 8))
    assert case.notes == ("'label' has a row for each box of a batch",)


def test_nothing_tells_the_size() -> None:
    case = set_up(annotated(""))
    assert case.tops == (None, (1, 1, 1, 8))
    assert "nothing tells the shape of 'data'" in case.notes[0]
    assert set_up(annotated(""), data_shape=(3, 30, 40)).tops[0] == (8, 3, 30, 40)


def test_without_boxes() -> None:
    assert set_up(annotated(f"{RESIZE} force_gray: true", tops="data")).tops == ((8, 1, 300, 320),)


@pytest.mark.parametrize(
    ("boxes", "kind", "options", "label"),
    [
        (4, number(2, 0), "", (1, 1, 4, 8)),
        (0, number(2, 0), "", (1, 1, 1, 8)),
        (4, b"", "anno_type: BBOX", (1, 1, 4, 8)),
        (0, b"", "", (8, 1, 1, 1)),
        (4, number(2, 0), "yolo_data_type: 1", (8, 1, 300, 5)),
    ],
)
def test_the_first_record_tells(
    tmp_path: Path, boxes: int, kind: bytes, options: str, label: Shape
) -> None:
    write_lmdb(tmp_path / "db", record(boxes, kind))
    case = set_up(annotated("", options), folder=str(tmp_path))
    assert case.tops == ((8, 3, 50, 60), label)


def test_the_users_word_goes_first() -> None:
    shapes = {"data": (2, 3, 4, 5), "label": (1, 1, 6, 8)}
    case = set_up(annotated(""), input_shapes=shapes)
    assert case.tops == ((2, 3, 4, 5), (1, 1, 6, 8))
    assert case.notes == ()


def test_items_that_fit_the_smaller_side() -> None:
    fit = "resize_param { resize_mode: FIT_SMALL_SIZE height: 60 width: 50 }"
    case = set_up(annotated(fit, batch=1), data_shape=(3, 30, 40))
    assert case.tops[0] == (1, 3, 60, 60 * 40 // 30)
    check_refused(
        annotated(fit), (), 2, 34, "expected a batch_size of 1 for FIT_SMALL_SIZE, found 8"
    )


def test_a_record_that_is_none(tmp_path: Path) -> None:
    write_lmdb(tmp_path / "db", b"\x0f")
    fragment = "the first record is not an AnnotatedDatum"
    check_refused(annotated(""), (), 4, 14, fragment, folder=str(tmp_path))
