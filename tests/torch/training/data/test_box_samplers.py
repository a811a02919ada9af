from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.box_samplers import (
    BatchSampler,
    SampleConstraint,
    Sampler,
    draw_patch,
)
from caffetools.torch.training.data.draws import Draws

OBJECTS = np.array([(0, 0, 0.5, 0.5), (0.75, 0.75, 1, 1)], np.float32)


def test_a_patch_of_drawn_numbers() -> None:
    """Scale 0.2 + 0.5 * (0.6 - 0.2) = 0.4, ratio 0.5 + 0.25 * 2 = 1; 1 - 0.4 of room."""
    sampler = Sampler(0.2, 0.6, 0.5, 2.5)
    (patch,) = sampler.patches(np.array([(0.5, 0.25, 0.5, 0.25)], np.float32))
    assert patch.tolist() == pytest.approx([0.3, 0.15, 0.3 + 0.4, 0.15 + 0.4])


def test_a_ratio_is_bounded_by_the_square_of_the_scale() -> None:
    """0.5² = 0.25 at least: 0.5 * sqrt(0.25) x 0.5 / sqrt(0.25)."""
    sampler = Sampler(0.5, 0.5, 0.01, 0.01)
    (patch,) = sampler.patches(np.zeros((1, 4), np.float32))
    assert patch.tolist() == [0, 0, 0.25, 1]


@given(
    st.floats(0.0625, 1, width=32),
    st.floats(0.125, 8, width=32),
    st.lists(st.floats(0, 1, width=32, exclude_max=True), min_size=4, max_size=4),
)
def test_patches_lie_in_the_image(scale: float, ratio: float, drawn: list[float]) -> None:
    """Also where a side rounds above 1, at which the fork aborts."""
    (patch,) = Sampler(scale, scale, ratio, ratio).patches(np.array([drawn], np.float32))
    assert (patch[:2] >= 0).all()
    assert (patch[2:] <= 1 + 1e-6).all()
    assert (patch[2:] > patch[:2]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_scale": 0.0}, "expected scales over 0 and up to 1, found 0 to 1"),
        ({"max_scale": 1.5}, "expected scales over 0 and up to 1, found 1 to 1.5"),
        ({"min_scale": 0.5, "max_scale": 0.25}, "found 0.5 to 0.25"),
        ({"min_aspect_ratio": 0.0}, "expected aspect ratios over 0, found 0 to 1"),
    ],
)
def test_wrong_ranges(options: dict[str, float], message: str) -> None:
    with pytest.raises(CaffeToolsError, match=message):
        Sampler(**options)


PATCHES = np.array([(0, 0, 1, 1), (0, 0, 0.25, 0.25), (0.5, 0, 0.7, 0.2)], np.float32)
"""Jaccard overlaps with the first object 0.25, 0.25, 0; with the second 0.0625, 0, 0."""


@pytest.mark.parametrize(
    ("bounds", "accepted"),
    [
        ({}, [True, True, True]),
        ({"min_jaccard_overlap": 0.2}, [True, True, False]),
        ({"max_jaccard_overlap": 0.2}, [True, True, True]),
        ({"max_jaccard_overlap": 0.0}, [False, True, True]),
        ({"min_sample_coverage": 0.9}, [False, True, False]),
        ({"min_object_coverage": 0.9}, [True, False, False]),
        # The first kind decides: the fork's `found` is not reset.
        ({"min_jaccard_overlap": 0.2, "min_object_coverage": 0.9}, [True, True, False]),
    ],
)
def test_constraints(bounds: dict[str, float], accepted: list[bool]) -> None:
    assert SampleConstraint(**bounds).accepts(PATCHES, OBJECTS).tolist() == accepted


def test_an_image_without_objects() -> None:
    nothing = np.zeros((0, 4), np.float32)
    assert not SampleConstraint(min_jaccard_overlap=0.1).accepts(PATCHES, nothing).any()
    assert SampleConstraint().accepts(PATCHES, nothing).all()


def sampled_one_by_one(sampler: BatchSampler, draws: Draws) -> list[list[float]]:
    """As the fork does it: trial after trial until there are enough."""
    found: list[list[float]] = []
    for _ in range(sampler.max_trials):
        if sampler.max_sample is not None and len(found) >= sampler.max_sample:
            break
        drawn = np.array([[draws.uniform(0, 1) for _ in range(4)]], np.float32)
        patch = sampler.sampler.patches(drawn)
        if sampler.sample_constraint.accepts(patch, OBJECTS)[0]:
            found.append(patch[0].tolist())
    return found


@pytest.mark.parametrize("most", [None, 0, 1, 3])
@pytest.mark.parametrize("least", [0.0, 0.1, 0.9])
def test_a_sampler_draws_as_the_fork(most: int | None, least: float) -> None:
    """The same patches, and the same numbers after them."""
    sampler = BatchSampler(
        Sampler(0.3, 1.0, 0.5, 2.0), SampleConstraint(min_jaccard_overlap=least), most, 50
    )
    ours, theirs = Draws(7, 3), Draws(7, 3)
    assert sampler.accepted(OBJECTS, ours).tolist() == sampled_one_by_one(sampler, theirs)
    assert ours.below(2**60) == theirs.below(2**60)


def patches(**options: Any) -> Any:
    return draw_patch([BatchSampler(**options)], OBJECTS, Draws(1))


def test_one_of_all_patches() -> None:
    assert patches(max_sample=1).tolist() == [0, 0, 1, 1]
    assert patches(max_sample=1, use_original_image=False) is None
    assert patches(sample_constraint=SampleConstraint(min_jaccard_overlap=0.9)) is None
    assert draw_patch([], OBJECTS, Draws(1)) is None
    several = [BatchSampler(max_sample=1), BatchSampler(Sampler(0.5, 0.5), max_sample=1)]
    drawn = [draw_patch(several, OBJECTS, Draws(seed)) for seed in range(20)]
    assert {round(float(np.ptp(patch[::2])), 4) for patch in drawn if patch is not None} == {0.5, 1}
