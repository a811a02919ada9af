"""Programs are values."""

from __future__ import annotations

import dataclasses

import pytest

from caffetools.torch.export.program import Fold, Tensor, Tie


def test_parts_are_values_that_do_not_change() -> None:
    assert Tie("a", "b") == Tie("a", "b")
    assert Tensor("x", "x", (1, 2)) != Tensor("x", "x", None)
    fold = Fold("conv", "bn", 1e-5, None, outputs_last=False, groups=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        fold.layer = "other"  # type: ignore[misc]
