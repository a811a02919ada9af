"""Axpy."""

from __future__ import annotations

import pytest
import torch

from caffetools.errors import CaffeToolsError
from tests.torch.emission import Shape, lines, program_of
from tests.torch.golden import module_of

CASES: tuple[tuple[Shape, Shape, str], ...] = (
    ((2, 3, 1, 1), (2, 3, 4, 5), "a"),
    ((2, 3), (2, 3, 4, 5), "a.reshape(a.size(0), -1, 1, 1)"),
    ((2, 3, 1, 1), (2, 3), "a.reshape(a.size(0), -1)"),
)


@pytest.mark.parametrize(("factors", "image", "spread"), CASES)
def test_axpy(factors: Shape, image: Shape, spread: str) -> None:
    assert lines("Axpy", factors, image, image) == [f"y = torch.addcmul(c, {spread}, b)"]
    module = module_of(program_of("Axpy", factors, image, image))
    a, x, y = torch.randn(factors), torch.randn(image), torch.randn(image)
    expected = torch.stack(
        [torch.stack([a[n, c].flatten() * x[n, c] + y[n, c] for c in range(3)]) for n in range(2)]
    ).reshape(image)
    torch.testing.assert_close(module(a, x, y), expected)


def test_factors_beyond_the_channels_are_refused() -> None:
    with pytest.raises(CaffeToolsError, match="a factor for each channel of 2 x 3 x 4"):
        lines("Axpy", (2, 3, 4), (2, 3, 4), (2, 3, 4))
