from __future__ import annotations

import errno
from pathlib import Path

import pytest

from caffetools.layers.blobs import Shape
from tests.layers.cases import check_refused, layer_text, set_up


@pytest.mark.parametrize(
    ("options", "scores", "labels"),
    [
        ("", (64, 10), (64,)),
        ("", (64, 10), (64, 1, 1, 1)),
        ("", (2, 21, 5, 6), (2, 1, 5, 6)),  # 2 * 5 * 6 = 60 labels
        ("softmax_param { axis: -1 }", (2, 5, 6, 21), (2, 5 * 6)),
    ],
)
def test_softmax_with_loss(options: str, scores: Shape, labels: Shape) -> None:
    text = layer_text("SoftmaxWithLoss", options, "a b")
    case = set_up(text, scores, labels)
    assert (case.tops, case.layer.loss_weights) == (((),), (1.0,))
    assert (case.params, case.macs, case.notes) == ({}, 0, ())


@pytest.mark.parametrize(
    ("options", "scores", "labels", "line", "column", "fragment"),
    [
        ("", (64, 10), (63,), 1, 1, "the same first extent, found 64 x 10 and 63"),
        ("", (64, 10), (64, 2), 1, 1, "for each of 64 predictions (64), found 128 (64 x 2)"),
        ("", (4, 3, 5), (4,), 1, 1, "for each of 20 predictions (4 x 5), found 4 (4)"),
        ("softmax_param { axis: 0 }", (4,), (4,), 1, 1, "each of 1 predictions (scalar), found 4"),
        ("softmax_param { axis: 2 }", (4, 3), (4,), 2, 17, "axis 2 is out of range"),
        ("", (4, 0), (4,), 1, 1, "expected a bottom that is not empty, found 4 x 0"),
    ],
)
def test_softmax_with_loss_refused(
    options: str, scores: Shape, labels: Shape, line: int, column: int, fragment: str
) -> None:
    text = layer_text("SoftmaxWithLoss", options, "a b")
    check_refused(text, (scores, labels), line, column, fragment)


@pytest.mark.parametrize(
    ("options", "line", "column", "fragment"),
    [
        # The layer itself has a loss_weight of 1 for its two tops.
        ("", 1, 1, "expected a loss_weight for each top, 2 in all, found 1"),
        ("loss_weight: 1", 2, 1, "expected a loss_weight for each top, 2 in all, found 1"),
        # The Softmax layer within has them both for its one top.
        ("loss_weight: 1 loss_weight: 0", 1, 76, "its internal Softmax layer has one top"),
    ],
)
def test_softmax_with_loss_has_no_second_top(
    options: str, line: int, column: int, fragment: str
) -> None:
    text = layer_text("SoftmaxWithLoss", options, "a b", "y z")
    check_refused(text, ((4, 3), (4,)), line, column, fragment)


def infogain(options: str = "", bottoms: str = "a b c", tops: str = "y") -> str:
    return layer_text("InfogainLoss", options, bottoms, tops)


def test_infogain_loss() -> None:
    assert set_up(infogain(), (4, 3), (4,), (1, 1, 3, 3)).tops == ((),)
    text = infogain("infogain_loss_param { axis: 2 }")
    case = set_up(text, (4, 5, 3), (4, 5), (9,))
    assert case.tops == ((),)
    assert case.layer.layer is not None
    assert case.layer.layer.expects(((4, 5, 3), None, None)) == {1: (4, 5)}
    text = infogain("loss_weight: 1 loss_weight: 0", tops="y z")
    case = set_up(text, (4, 3), (4,), (3, 3))
    assert (case.tops, case.layer.loss_weights) == (((), (4, 3)), (1.0, 0.0))


@pytest.mark.parametrize(
    ("options", "bottoms", "line", "column", "fragment"),
    [
        ("", ((4, 3), (4,), (3, 2)), 1, 1, "a matrix of 3 x 3 classes, found 3 x 2"),
        ("", ((4, 3), (2, 2), (3, 3)), 1, 1, "the same first extent, found 4 x 3 and 2 x 2"),
        ("", ((4, 3), (4, 2), (3, 3)), 1, 1, "a label for each of 4 predictions"),
        ("", ((4, 0), (4,), ()), 1, 1, "not empty"),
        ("loss_param { normalize: true }", ((4, 3), (4,), (9,)), 2, 14, "expected normalization"),
        ("infogain_loss_param { axis: -3 }", ((4, 3), (4,), (9,)), 2, 23, "out of range"),
        ("infogain_loss_param { }", ((4, 3), (4,)), 2, 1, "expected a source, or a third bottom"),
    ],
)
def test_infogain_loss_refused(
    options: str, bottoms: tuple[Shape, ...], line: int, column: int, fragment: str
) -> None:
    text = infogain(options, "a b c"[: 2 * len(bottoms)])
    check_refused(text, bottoms, line, column, fragment)


def test_the_matrix_of_infogain_loss_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, mode: str) -> None:
        raise OSError(errno.ENODEV, "No such device", path, mode)

    # BlobProto { shape { dim: 3 dim: 3 } data: [...] }: shape is field 7, its packed dim field 1
    matrix = bytes([7 * 8 + 2, 4, 1 * 8 + 2, 2, 3, 3])
    (tmp_path / "matrix.binaryproto").write_bytes(matrix)
    (tmp_path / "text").write_text("shape: 3")
    folder = str(tmp_path)
    text = infogain('infogain_loss_param { source: "matrix.binaryproto" }', "a b")
    case = set_up(text, (4, 3), (4,), folder=folder)
    assert (case.tops, case.notes) == (((),), ())
    check_refused(text, ((4, 5), (4,)), 2, 23, "5 x 5 classes, found 3 x 3", folder=folder)
    text = infogain('infogain_loss_param { source: "text" }', "a b")
    check_refused(text, ((4, 3), (4,)), 2, 23, "holds no blob", folder=folder)
    monkeypatch.setattr("caffetools.formats.blob.open", refuse, raising=False)
    check_refused(text, ((4, 3), (4,)), 2, 23, "cannot be read: No such device", folder=folder)
    text = infogain('infogain_loss_param { source: "elsewhere" }', "a b")
    (note,) = set_up(text, (4, 3), (4,), folder=folder).notes
    assert note == "the matrix 'elsewhere' does not exist; its size is not checked"


WEIGHTED = "loss_weight: 1 loss_weight: 0 loss_weight: 0"


def test_softmax_with_loss_ohem_of_three_tops() -> None:
    text = layer_text("SoftmaxWithLossOHEM", WEIGHTED, "a b", "y prob each")
    case = set_up(text, (2, 21, 5, 6), (2, 1, 5, 6))
    assert case.tops == ((), (2, 21, 5, 6), (2, 1, 5, 6))
    assert case.layer.loss_weights == (1.0, 0.0, 0.0)


def test_softmax_with_loss_ohem() -> None:
    bottoms = ((4, 21, 5, 6), (4, 5, 6))
    case = set_up(layer_text("SoftmaxWithLossOHEM", bottoms="a b"), *bottoms)
    assert case.tops == ((),)
    assert case.layer.loss_weights == (1.0,)
    assert case.layer.layer is not None
    assert case.layer.layer.expects((bottoms[0], None)) == {1: (4, 5, 6)}


@pytest.mark.parametrize(
    ("text", "bottoms", "line", "column", "fragment"),
    [
        (
            layer_text("SoftmaxWithLossOHEM", "softmax_param { axis: 3 }", "a b"),
            ((4, 3), (4,)),
            2,
            17,
            "axis 3 is out of range",
        ),
        (
            layer_text("SoftmaxWithLossOHEM", bottoms="a b"),
            ((4, 3, 2), (4,)),
            1,
            1,
            "expected a label for each of 8 predictions",
        ),
    ],
)
def test_softmax_with_loss_ohem_refused(
    text: str, bottoms: tuple[Shape, ...], line: int, column: int, fragment: str
) -> None:
    check_refused(text, bottoms, line, column, fragment)
