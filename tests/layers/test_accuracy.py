from __future__ import annotations

import pytest

from caffetools.layers.blobs import Shape
from tests.layers.cases import bottoms_of, check_refused, layer_text, set_up


@pytest.mark.parametrize(
    ("options", "scores", "labels", "classes"),
    [
        ("", (64, 10), (64,), 10),
        ("accuracy_param { top_k: 10 }", (64, 10), (64, 1), 10),
        ("accuracy_param { top_k: 0 axis: -3 }", (2, 21, 5, 6), (2, 5, 6), 21),
        ("accuracy_param { axis: 0 }", (10, 4), (4,), 10),
    ],
)
def test_accuracy(options: str, scores: Shape, labels: Shape, classes: int) -> None:
    case = set_up(layer_text("Accuracy", options, "a b"), scores, labels)
    assert (case.tops, case.layer.loss_weights) == (((),), (0.0,))
    assert case.layer.layer is not None
    assert case.layer.layer.windows(bottoms_of(case)) is None
    case = set_up(layer_text("Accuracy", options, "a b", "y each"), scores, labels)
    assert case.tops == ((), (classes,))


@pytest.mark.parametrize(
    ("options", "scores", "labels", "line", "column", "fragment"),
    [
        ("top_k: 11", (64, 10), (64,), 2, 18, "top_k of at most the 10 classes, found 11"),
        ("top_k: 2147483648", (64, 10), (64,), 2, 18, "expected top_k below 2^31"),
        ("", (64, 10), (63,), 1, 1, "a label for each of 64 predictions"),
        ("", (0, 10), (0,), 1, 1, "expected labels, found an empty bottom"),
        ("axis: 2", (64, 10), (64,), 2, 18, "axis 2 is out of range"),
    ],
)
def test_accuracy_refused(
    options: str, scores: Shape, labels: Shape, line: int, column: int, fragment: str
) -> None:
    text = layer_text("Accuracy", f"accuracy_param {{ {options} }}", "a b")
    check_refused(text, (scores, labels), line, column, fragment)


def test_accuracy_has_no_automatic_top() -> None:
    text = layer_text("Accuracy", bottoms="a b", tops="")
    check_refused(text, ((4, 3), (4,)), 1, 1, "1 to 2 tops, found 0")


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
