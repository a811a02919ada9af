"""Matching and mining by their definitions."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from caffetools.torch.runtime.boxes import box_overlap
from caffetools.torch.runtime.matching import hardest, hardest_apart, match_boxes, rank_of
from tests.torch.cases import check_runs_everywhere

eighths = st.integers(-1, 9).map(lambda number: number / 8)
corners = st.lists(st.tuples(eighths, eighths, eighths, eighths), min_size=1, max_size=6)


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


@given(corners, corners, st.booleans(), st.booleans())
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


def test_runs_everywhere() -> None:
    def function(boxes: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        belongs = torch.ones(2, 3, dtype=torch.bool, device=boxes.device)
        match, overlap = match_boxes(boxes, truth, belongs, 0.5, True, False)
        return match, hardest(overlap, match < 0, match.sum(1))

    check_runs_everywhere(function, torch.rand(2, 5, 4), torch.rand(3, 4))
