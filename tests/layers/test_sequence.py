from __future__ import annotations

import pytest

from caffetools.layers.blobs import Shape
from tests.layers.cases import check_refused, layer_text, set_up

SCORES = (8, 4, 9)


def ctc(options: str) -> str:
    return layer_text("CtcLoss", f"ctc_loss_param {{ {options} }}", "scores labels")


def decoder(bottoms: str, tops: str = "y") -> str:
    return layer_text("CTCGreedyDecoder", "ctc_decoder_param { blank_index: -1 }", bottoms, tops)


def accuracy() -> str:
    return layer_text("LabelsequenceAccuracy", bottoms="scores labels")


@pytest.mark.parametrize(
    ("text", "bottoms", "tops", "is_loss"),
    [
        (ctc("alphabet_size: 83 time_step: 18"), ((18, 64, 83), (64, 7)), ((),), True),
        (decoder("a b"), (SCORES, (8, 4)), ((4, 8, 1, 1),), False),
        (decoder("a b", "y each"), (SCORES, (8, 4)), ((4, 8, 1, 1), (4, 1, 1, 1)), False),
        (
            decoder("a b c", "y near"),
            (SCORES, (8, 4), (8, 4)),
            ((4, 8, 1, 1), (1, 1, 1, 1)),
            False,
        ),
        (
            decoder("a b c", "y each near"),
            (SCORES, (8, 4), (8, 4)),
            ((4, 8, 1, 1), (4, 1, 1, 1), (1, 1, 1, 1)),
            False,
        ),
        (decoder("a"), (SCORES,), ((4, 8, 1, 1),), False),
        (decoder("a labels"), (SCORES, (4, 3)), ((1, 2, 1, 1),), False),
        (accuracy(), ((64, 18, 83), (64, 7)), ((),), False),
    ],
)
def test_shapes(
    text: str, bottoms: tuple[Shape, ...], tops: tuple[Shape, ...], *, is_loss: bool
) -> None:
    case = set_up(text, *bottoms)
    assert case.tops == tops
    assert case.layer.loss_weights[0] == is_loss
    assert case.layer.layer is not None
    assert case.layer.layer.expects((bottoms[0], None)) == {}


@pytest.mark.parametrize(
    ("text", "bottoms", "line", "column", "fragment"),
    [
        (ctc("time_step: 8"), (SCORES, (4, 2)), 2, 1, "expected alphabet_size of at least 1"),
        (
            ctc("alphabet_size: 9 time_step: 0"),
            (SCORES, (4, 2)),
            2,
            35,
            "expected time_step of at least 1, found 0",
        ),
        (
            ctc("alphabet_size: 9 time_step: 8"),
            (SCORES, (5, 2)),
            1,
            1,
            "expected labels of 4 items, the second extent of 8 x 4 x 9, found 5 x 2",
        ),
        (ctc("alphabet_size: 9 time_step: 8"), ((8,), (8,)), 1, 1, "at least 2 axes"),
        (decoder("a b"), ((8, 4), (8, 4)), 1, 1, "at least 3 axes"),
        (decoder("a b"), (SCORES, (8, 5)), 1, 1, "bottoms of 8 x 4, or labels for one top, found"),
        (decoder("a b", "y z"), (SCORES, (4, 5)), 1, 1, "bottoms of 8 x 4, or labels for one top"),
        (decoder("a b c"), (SCORES, (8, 4), (8, 5)), 1, 1, "bottoms of 8 x 4, found 8 x 5"),
        (decoder("a", "y each"), (SCORES,), 1, 65, "at most 1 tops for 1 bottoms, found 2"),
    ],
)
def test_refused(
    text: str, bottoms: tuple[Shape, ...], line: int, column: int, fragment: str
) -> None:
    check_refused(text, bottoms, line, column, fragment)
