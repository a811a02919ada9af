from __future__ import annotations

import pytest

from caffetools.layers.base import Shape
from tests.layers.cases import check_explained, check_refused, layer_text, set_up


def output(options: str) -> str:
    return layer_text("YoloDetectionOutput", f"yolo_detection_output_param {{ {options} }}")


def evaluation(options: str) -> str:
    return layer_text("EvalDetection", f"eval_detection_param {{ {options} }}", "conv label data")


def test_yolo_detection_output() -> None:
    case = set_up(output("num_classes: 20"), (1, 125, 13, 13))
    assert case.tops == ((1, 1, 1, 7),)
    assert len(case.notes) == 1


def test_eval_detection() -> None:
    text = evaluation("side: 17 num_class: 20 num_object: 5")
    bottoms = ((8, 125, 17, 17), (8, 30, 5), (8, 3, 544, 544))
    assert set_up(text, *bottoms).tops == ((8, 20 + 17 * 17 * 5 * 4),)
    assert check_explained(text, *bottoms) == [
        "predictions: 17 * 17 * 5 * (20 + 4 + 1) = 36125",
        "marks: 20 + 17 * 17 * 5 * 4 = 5800",
    ]


@pytest.mark.parametrize(
    ("text", "bottoms", "line", "column", "fragment"),
    [
        (output(""), ((1, 125, 13, 13),), 2, 1, "expected num_classes, found none"),
        (output("num_classes: 2"), ((1,) * 5,), 1, 1, "at most 4 axes"),
        (
            evaluation("side: 2"),
            ((8, 125, 17, 17), (8, 5), (8, 3)),
            1,
            1,
            "expected 200 elements an item, found 8 x 125 x 17 x 17",
        ),
        (
            evaluation("side: 4294967295"),
            ((8, 5), (8, 5), (8, 3)),
            2,
            24,
            "expected side below 2^31",
        ),
    ],
)
def test_refused(
    text: str, bottoms: tuple[Shape, ...], line: int, column: int, fragment: str
) -> None:
    check_refused(text, bottoms, line, column, fragment)
