"""CTC: its loss, its decoder and the accuracy of label sequences."""

from __future__ import annotations

import pytest

from caffetools.errors import CaffeToolsError
from tests.torch.emission import Shape, lines

LAST = "blank_index=-1, merge_repeated=False"
CASES: tuple[tuple[str, list[Shape], int, list[str]], ...] = (
    (
        "CtcLoss ctc_loss_param { alphabet_size: 9 time_step: 8 blank_label: 8 }",
        [(8, 2, 9), (2, 3)],
        1,
        ["y = ctc_loss(a, b, 8, blank_label=8)"],
    ),
    (
        "CTCGreedyDecoder ctc_decoder_param { blank_index: -1 ctc_merge_repeated: false }",
        [(8, 2, 9), (8, 2)],
        1,
        [f"y = ctc_greedy_decoder(a, b, {LAST})[1].to(a)[:, :, None, None]"],
    ),
    (
        "CTCGreedyDecoder",
        [(8, 2, 9)],
        1,
        ["y = ctc_greedy_decoder(a)[1].to(a)[:, :, None, None]"],
    ),
    (
        "CTCGreedyDecoder ctc_decoder_param { blank_index: 8 }",
        [(8, 2, 9), (2, 3)],
        1,
        ["y = sequence_accuracy(ctc_greedy_decoder(a, blank_index=8)[1], b, blank_index=8)"],
    ),
    (
        "CTCGreedyDecoder",
        [(8, 2, 9), (8, 2), (8, 2)],
        2,
        [
            "y = ctc_greedy_decoder(a, b)[1].to(a)[:, :, None, None]",
            "y1 = sequence_similarity(ctc_greedy_decoder(a, b)[1], c.flatten(1))",
        ],
    ),
    (
        "CTCGreedyDecoder",
        [(8, 2, 9), (8, 2), (8, 2)],
        3,
        [
            "y = ctc_greedy_decoder(a, b)[1].to(a)[:, :, None, None]",
            "y1 = ctc_greedy_decoder(a, b)[0]",
            "y2 = sequence_similarity(ctc_greedy_decoder(a, b)[1], c.flatten(1))",
        ],
    ),
    ("LabelsequenceAccuracy", [(2, 8, 9), (2, 3)], 1, ["y = label_sequence_accuracy(a, b)"]),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected


def test_the_alphabet_is_that_of_the_scores() -> None:
    with pytest.raises(CaffeToolsError, match=r"expected scores of 5 classes.*found 9"):
        lines("CtcLoss ctc_loss_param { alphabet_size: 5 time_step: 8 }", (8, 2, 9), (2, 3))
