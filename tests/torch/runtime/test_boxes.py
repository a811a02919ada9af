"""Boxes by hand and by loop: areas, overlaps, codes, suppression, matching and mining."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from caffetools.torch.runtime.boxes import (
    apart,
    box_area,
    box_overlap,
    decode_boxes,
    encode_boxes,
    hardest,
    hardest_apart,
    match_boxes,
    rank_of,
    read_priors,
    suppress_overlaps,
)
from tests.torch.cases import check_runs_everywhere

PRIOR = torch.tensor([0.25, 0.25, 0.75, 0.5])


VARIANCE = torch.tensor([0.1, 0.1, 0.2, 0.2])


def test_read_priors() -> None:
    boxes, variances = read_priors(torch.arange(16.0).reshape(1, 2, 8))
    assert boxes.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert variances.tolist() == [[8, 9, 10, 11], [12, 13, 14, 15]]


@pytest.mark.parametrize(
    ("box", "area"),
    [((0, 0, 0.5, 0.5), 0.25), ((0.5, 0, 0.5, 1), 0), ((0.5, 0, 0, 1), 0), ((1, 1, 0, 0), 0)],
)
def test_area(box: tuple[float, ...], area: float) -> None:
    assert box_area(torch.tensor(box)).item() == area


@pytest.mark.parametrize(
    ("other", "overlap"),
    [
        ((0, 0, 1, 1), 1),
        # 1/4 of 1
        ((0, 0, 0.5, 0.5), 0.25),
        # 1/4 shared of 1 + 1 - 1/4
        ((0.5, 0.5, 1.5, 1.5), 0.25 / 1.75),
        ((1, 0, 2, 1), 0),
        ((3, 3, 4, 4), 0),
        ((1, 1, 0, 0), 0),
    ],
)
def test_overlap(other: tuple[float, ...], overlap: float) -> None:
    unit = torch.tensor([0.0, 0, 1, 1])
    assert box_overlap(unit, torch.tensor(other).float()).item() == pytest.approx(overlap)
    assert box_overlap(torch.tensor(other).float(), unit).item() == pytest.approx(overlap)


@pytest.mark.parametrize(
    ("code_type", "expected"),
    [
        # the differences, over the variance
        ("CORNER", [(0.3 - 0.25) / 0.1, 0, 0, (0.6 - 0.5) / 0.2]),
        # over the prior's size, 0.5 x 0.25, too
        ("CORNER_SIZE", [0.05 / 0.5 / 0.1, 0, 0, 0.1 / 0.25 / 0.2]),
        # centres (0.525, 0.425) and (0.5, 0.375), sizes 0.45 x 0.35
        (
            "CENTER_SIZE",
            [
                0.025 / 0.5 / 0.1,
                0.05 / 0.25 / 0.1,
                math.log(0.45 / 0.5) / 0.2,
                math.log(0.35 / 0.25) / 0.2,
            ],
        ),
    ],
)
def test_codes_by_hand(code_type: str, expected: list[float]) -> None:
    box = torch.tensor([0.3, 0.25, 0.75, 0.6])
    codes = encode_boxes(box, PRIOR, VARIANCE, code_type)
    torch.testing.assert_close(codes, torch.tensor(expected), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(decode_boxes(codes, PRIOR, VARIANCE, code_type), box)


numbers = st.integers(0, 8).map(lambda eighths: eighths / 8)


boxes = st.lists(st.tuples(numbers, numbers, numbers, numbers), min_size=1, max_size=8)


def suppressed(boxes: Tensor, valid: list[bool], threshold: float, eta: float) -> list[bool]:
    """The loop of ApplyNMSFast."""
    kept: list[int] = []
    for index, box in enumerate(boxes):
        if valid[index] and all(box_overlap(box, boxes[other]) <= threshold for other in kept):
            kept.append(index)
            if threshold > 0.5:
                threshold *= eta
    return [index in kept for index in range(len(boxes))]


@given(boxes, st.data())
def test_suppression_is_the_loop(corners: list[tuple[float, ...]], data: st.DataObject) -> None:
    valid = data.draw(st.lists(st.booleans(), min_size=len(corners), max_size=len(corners)))
    threshold = data.draw(st.sampled_from([0.0, 0.3, 0.8]))
    eta = data.draw(st.sampled_from([1.0, 0.5]))
    stack = torch.tensor([corners, corners[::-1]])
    mask = torch.tensor([valid, valid[::-1]])
    keep = suppress_overlaps(stack, mask, threshold, eta)
    for image in range(2):
        expected = suppressed(stack[image], mask[image].tolist(), threshold, eta)
        assert keep[image].tolist() == expected


@given(boxes)
def test_suppression_in_blocks(corners: list[tuple[float, ...]]) -> None:
    stack = torch.tensor(corners)
    expected = suppressed(stack, [True] * len(corners), 0.3, 1.0)
    for block in (1, 3, 100):
        everything = torch.ones(1, len(stack), dtype=torch.bool)
        assert apart(stack.unsqueeze(0), everything, 0.3, block).tolist() == [expected]


def test_suppression_of_nothing() -> None:
    nothing = torch.zeros(2, 0, 4), torch.zeros(2, 0, dtype=torch.bool)
    assert suppress_overlaps(*nothing, 0.5, 1.0).shape == (2, 0)
    none_valid = torch.zeros(1, 3, 4), torch.zeros(1, 3, dtype=torch.bool)
    assert suppress_overlaps(*none_valid, 0.5, 1.0).tolist() == [[False] * 3]


EIGHTHS = st.integers(-1, 9).map(lambda number: number / 8)


CORNERS = st.lists(st.tuples(EIGHTHS, EIGHTHS, EIGHTHS, EIGHTHS), min_size=1, max_size=6)


def matched(
    boxes: Tensor, truth: Tensor, threshold: float, *, per_prediction: bool, ignore: bool
) -> list[int]:
    """MatchBBox, with sets and loops."""
    match = [-1] * len(boxes)
    overlaps = {}
    for i, box in enumerate(boxes):
        if ignore and (box.min() < 0 or box.max() > 1):
            match[i] = -2
            continue
        for j, real in enumerate(truth):
            overlap = box_overlap(box, real).item()
            if overlap > 1e-6:
                overlaps[i, j] = overlap
    pool = set(range(len(truth)))
    while True:
        free = [(i, j) for i, j in overlaps if match[i] == -1 and j in pool]
        if not free:
            break
        i, j = max(free, key=lambda pair: (overlaps[pair], -pair[0], -pair[1]))
        match[i] = j
        pool.remove(j)
    if per_prediction:
        for i in range(len(boxes)):
            near = [j for j in range(len(truth)) if overlaps.get((i, j), -1) >= threshold]
            if match[i] == -1 and near:
                match[i] = max(near, key=lambda j: (overlaps[i, j], -j))
    return match


@given(CORNERS, CORNERS, st.booleans(), st.booleans())
def test_matching_is_the_loop(
    boxes: list[tuple[float, ...]],
    truth: list[tuple[float, ...]],
    per_prediction: bool,
    ignore: bool,
) -> None:
    found, real = torch.tensor(boxes), torch.tensor(truth)
    belongs = torch.ones(2, len(truth), dtype=torch.bool)
    belongs[1, 0] = False
    match, overlap = match_boxes(
        found.expand(2, -1, -1), real, belongs, 0.3, per_prediction, ignore
    )
    options = {"per_prediction": per_prediction, "ignore": ignore}
    assert match[0].tolist() == matched(found, real, 0.3, **options)
    rest = matched(found, real[1:], 0.3, **options) if len(truth) > 1 else [-1] * len(boxes)
    assert match[1].tolist() == [index + 1 if index >= 0 else index for index in rest]
    own = [
        box_overlap(found[i], real[j]).item() if j >= 0 else None
        for i, j in enumerate(match[0].tolist())
    ]
    assert all(
        want is None or want == got for want, got in zip(own, overlap[0].tolist(), strict=True)
    )


def test_the_hardest() -> None:
    loss = torch.tensor([[1.0, 5, 3, 5, 9], [1.0, 2, 3, 4, 5]])
    eligible = torch.tensor([[True, True, True, True, False], [True] * 5])
    chosen = hardest(loss, eligible, torch.tensor([2, 1]))
    assert chosen.nonzero().tolist() == [[0, 1], [0, 3], [1, 4]]
    many = hardest(loss, eligible, torch.tensor([9, 0]))
    assert many.tolist() == [[True, True, True, True, False], [False] * 5]


def test_the_hardest_that_do_not_overlap() -> None:
    loss = torch.tensor([[5.0, 4, 3, 2, 1]])
    unit, tiny, other = [0.0, 0, 1, 1], [0.0, 0, 0.001, 0.001], [2.0, 2, 3, 3]
    boxes = torch.tensor([[unit, unit, tiny, other, [5.0, 5, 6, 6]]])
    everything = torch.ones(1, 5, dtype=torch.bool)

    def chosen(count: int, top_k: int) -> list[int]:
        found = hardest_apart(loss, everything, torch.tensor([count]), boxes, 0.5, top_k)
        return found[0].nonzero().flatten().tolist()

    # the second overlaps the first, the third is smaller than 1e-5
    assert chosen(9, -1) == [0, 3, 4]
    assert chosen(2, -1) == [0, 3]
    assert chosen(9, 4) == [0, 3]
    assert chosen(9, 0) == []


def test_ranks() -> None:
    order = torch.tensor([[2, 0, 1], [0, 1, 2]])
    assert rank_of(order).tolist() == [[1, 2, 0], [0, 1, 2]]


def test_matching_runs_everywhere() -> None:
    def function(boxes: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        belongs = torch.ones(2, 3, dtype=torch.bool, device=boxes.device)
        match, overlap = match_boxes(boxes, truth, belongs, 0.5, True, False)
        return match, hardest(overlap, match < 0, match.sum(1))

    check_runs_everywhere(function, torch.rand(2, 5, 4), torch.rand(3, 4))


def test_runs_everywhere() -> None:
    corners = torch.rand(2, 5, 4)
    check_runs_everywhere(lambda x: suppress_overlaps(x, x[..., 0] > 0, 0.3, 1.0), corners)
    for code_type in ("CORNER", "CENTER_SIZE", "CORNER_SIZE"):
        check_runs_everywhere(
            lambda x, p, code_type=code_type: encode_boxes(
                decode_boxes(x, p, p, code_type), p, p, code_type
            ),
            corners,
            PRIOR,
        )
