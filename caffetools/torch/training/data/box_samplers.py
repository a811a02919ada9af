"""Random patches of an image, accepted by their overlap with its objects (sampler.cpp)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.box_arithmetic import coverage, jaccard
from caffetools.torch.training.data.draws import Draws

_DRAWS = 4
"""Numbers that a patch takes: scale, aspect ratio, left, top."""

Overlap = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class Sampler:
    """Range of the scales and aspect ratios of patches; raises CaffeToolsError for another."""

    min_scale: float = 1.0
    max_scale: float = 1.0
    min_aspect_ratio: float = 1.0
    max_aspect_ratio: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.min_scale <= self.max_scale <= 1:
            found = f"{self.min_scale:g} to {self.max_scale:g}"
            raise CaffeToolsError(f"expected scales over 0 and up to 1, found {found}")
        if not 0 < self.min_aspect_ratio <= self.max_aspect_ratio:
            found = f"{self.min_aspect_ratio:g} to {self.max_aspect_ratio:g}"
            raise CaffeToolsError(f"expected aspect ratios over 0, found {found}")

    def patches(self, drawn: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the patches of drawn numbers, (patches, 4) -> (patches, 4) (SampleBBox).

        A side that rounds above 1, where the fork aborts, is 1.
        """
        scale = _between(self.min_scale, self.max_scale, drawn[:, 0])
        ratio = _between(self.min_aspect_ratio, self.max_aspect_ratio, drawn[:, 1])
        square = scale.astype(np.float64) ** 2
        ratio = np.maximum(ratio, square.astype(np.float32))
        ratio = np.minimum(ratio, (1 / square).astype(np.float32))
        root = np.sqrt(ratio)
        sides = np.minimum(np.stack([scale * root, scale / root], 1), np.float32(1))
        corners = (1 - sides) * drawn[:, 2:]
        return np.concatenate([corners, corners + sides], 1)


@dataclass(frozen=True)
class SampleConstraint:
    """Bounds of a patch's overlap with an object; None for no bound."""

    min_jaccard_overlap: float | None = None
    max_jaccard_overlap: float | None = None
    min_sample_coverage: float | None = None
    max_sample_coverage: float | None = None
    min_object_coverage: float | None = None
    max_object_coverage: float | None = None

    def accepts(
        self, patches: NDArray[np.float32], objects: NDArray[np.float32]
    ) -> NDArray[np.bool_]:
        """Return which patches some object accepts (SatisfySampleConstraint).

        Of several kinds of bounds the fork heeds only the first: once an object is within these,
        `found` remains true, whatever the others say.
        """
        bounds: tuple[tuple[float | None, float | None, Overlap], ...] = (
            (self.min_jaccard_overlap, self.max_jaccard_overlap, jaccard),
            (self.min_sample_coverage, self.max_sample_coverage, coverage),
            (self.min_object_coverage, self.max_object_coverage, _covered),
        )
        for low, high, measure in bounds:
            if low is None and high is None:
                continue
            overlaps = measure(patches[:, None], objects[None])
            above = overlaps >= np.float32(-np.inf if low is None else low)
            below = overlaps <= np.float32(np.inf if high is None else high)
            accepted: NDArray[np.bool_] = (above & below).any(1)
            return accepted
        return np.ones(len(patches), np.bool_)


@dataclass(frozen=True)
class BatchSampler:
    """Up to `max_sample` accepted patches of `max_trials`; None for no bound."""

    sampler: Sampler = field(default_factory=Sampler)
    sample_constraint: SampleConstraint = field(default_factory=SampleConstraint)
    max_sample: int | None = None
    max_trials: int = 100
    use_original_image: bool = True

    def accepted(self, objects: NDArray[np.float32], draws: Draws) -> NDArray[np.float32]:
        """Return the accepted patches (GenerateSamples); draws no more than the fork does."""
        trials = self.max_trials if self.max_sample != 0 and self.use_original_image else 0
        drawn = draws.ahead(trials * _DRAWS).reshape(-1, _DRAWS)
        patches = self.sampler.patches(drawn)
        (found,) = self.sample_constraint.accepts(patches, objects).nonzero()
        if self.max_sample is not None and len(found) >= self.max_sample:
            found = found[: self.max_sample]
            trials = int(found[-1]) + 1 if len(found) else 0
        draws.skip(trials * _DRAWS)
        return patches[found]


def draw_patch(
    samplers: Sequence[BatchSampler], objects: NDArray[np.float32], draws: Draws
) -> NDArray[np.float32] | None:
    """Return one of all accepted patches, None if there is none."""
    found = [sampler.accepted(objects, draws) for sampler in samplers]
    patches = np.concatenate(found) if found else np.zeros((0, 4), np.float32)
    return patches[draws.below(len(patches))] if len(patches) else None


def _covered(patch: NDArray[np.float32], box: NDArray[np.float32]) -> NDArray[np.float32]:
    return coverage(box, patch)


def _between(low: float, high: float, part: NDArray[np.float32]) -> NDArray[np.float32]:
    first, last = np.float32(low), np.float32(high)
    drawn: NDArray[np.float32] = first + (last - first) * part
    return drawn
