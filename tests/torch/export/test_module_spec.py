"""Programs are values."""

from __future__ import annotations

import dataclasses

import pytest

from caffetools.torch.export.module_spec import FoldedLayer, Tie, Variable


def test_parts_are_values_that_do_not_change() -> None:
    assert Tie("a", "b") == Tie("a", "b")
    assert Variable("x", "x", (1, 2)) != Variable("x", "x", None)
    fold = FoldedLayer("conv", "bn", 1e-5, None, outputs_last=False, groups=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        fold.layer = "other"  # type: ignore[misc]
