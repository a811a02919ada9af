from __future__ import annotations

import pytest

from caffetools.layers.base import Shape
from tests.layers.cases import check_refused, layer_text, set_up

SCORES, LABELS = (2, 21, 60, 50), (2, 1, 60, 50)


def seg(options: str = "") -> str:
    return layer_text("SegAccuracy", f"seg_accuracy_param {{ {options} }}", "scores labels")


def eltwise(options: str = "") -> str:
    blobs = 'bottom: "scores" bottom: "labels" top: "y"'
    param = f"eltwise_accuracy_param {{ {options} }}"
    return f'layers {{ name: "l" type: EltwiseAccuracy {blobs}\n{param} }}'


def regression(options: str = "") -> str:
    return layer_text("AccuracyRegression", f"accuracy_param {{ {options} }}", "scores labels")


@pytest.mark.parametrize(
    ("text", "bottoms", "top"),
    [
        (seg("ignore_label: 255"), (SCORES, LABELS), (1, 1, 1, 3)),
        (seg("save_frequency: 100"), (SCORES, LABELS), (1, 1, 1, 4)),
        (seg('file_name: "matrix.txt"'), (SCORES, LABELS), (1, 1, 1, 4)),
        (eltwise("ignore_label: 255"), (SCORES, LABELS), (1, 1, 1, 1)),
        (regression("top_k: 28"), ((16, 28), (16, 28)), (1, 1, 1, 1)),
        (
            layer_text("LabelsequenceAccuracy", bottoms="scores labels"),
            ((18, 64, 83), (64, 7)),
            (),
        ),
    ],
)
def test_shapes(text: str, bottoms: tuple[Shape, ...], top: Shape) -> None:
    case = set_up(text, *bottoms)
    assert case.tops == (top,)
    assert case.layer.loss_weights == (0.0,)
    assert case.layer.layer is not None
    assert case.layer.layer.windows(bottoms) is None


@pytest.mark.parametrize(
    ("text", "scores", "labels"),
    [
        (seg(), SCORES, {1: LABELS}),
        (eltwise(), (2, 8), {1: (2, 1, 1, 1)}),
        (regression(), (2, 8), {1: (2, 8, 1, 1)}),
        (layer_text("LabelsequenceAccuracy", bottoms="scores labels"), SCORES, {}),
    ],
)
def test_labels_that_nothing_describes(text: str, scores: Shape, labels: dict[int, Shape]) -> None:
    layer = set_up(text, scores, labels.get(1, (2,))).layer.layer
    assert layer is not None
    assert layer.expects((scores, None)) == labels
    assert layer.expects((scores, scores)) == {}
    assert layer.expects((None, None)) == {}
    assert layer.expects(((1,) * 5, None)) == {}


@pytest.mark.parametrize(
    ("text", "bottoms", "line", "column", "fragment"),
    [
        (
            seg(),
            (SCORES, (2, 21, 60, 50)),
            1,
            1,
            "expected labels of 2 x 1 x 60 x 50, found 2 x 21 x 60 x 50",
        ),
        (seg(), (SCORES, (3, 1, 60, 50)), 1, 1, "found 3 x 1 x 60 x 50"),
        (seg(), ((2, 0, 60, 50), LABELS), 1, 1, "at least 1 class, found 2 x 0 x 60 x 50"),
        (eltwise(), (SCORES, (2, 1, 50, 60)), 1, 1, "expected labels of 2 x 1 x 60 x 50"),
        (eltwise("top_k: 9"), ((2, 8), (2,)), 2, 26, "a top_k of at most 8, found 9"),
        (regression(), ((2, 8), (2, 7)), 1, 1, "expected labels of 2 x 8 x 1 x 1, found 2 x 7"),
        (regression("top_k: 9"), ((2, 8), (2, 8)), 2, 18, "a top_k of at most 8, found 9"),
    ],
)
def test_refused(
    text: str, bottoms: tuple[Shape, ...], line: int, column: int, fragment: str
) -> None:
    check_refused(text, bottoms, line, column, fragment)
