"""The types that a net may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe.profile import read_profile


@pytest.mark.parametrize(
    ("kind", "profiles"),
    [
        ("Convolution", "bvlc ssd any"),
        ("Swish", "bvlc ssd any"),
        ("Permute", "ssd any"),
        ("Normalize", "ssd any"),
        ("ShuffleChannel", "any"),
        ("Nothing", ""),
    ],
)
def test_named_profiles(kind: str, profiles: str) -> None:
    allowing = [name for name in ("bvlc", "ssd", "any") if read_profile(name).allows(kind)]
    assert allowing == profiles.split()


def test_a_file_lists_types(tmp_path: Path) -> None:
    (tmp_path / "chip.txt").write_text("ReLU  # fast\n\n# Convolution\n  Pooling\n")
    profile = read_profile(str(tmp_path / "chip.txt"))
    kinds = ("ReLU", "Convolution", "Pooling", "Input", "")
    assert [profile.allows(kind) for kind in kinds] == [True, False, True, True, False]


def test_a_file_that_is_missing() -> None:
    with pytest.raises(CaffeToolsError, match=r"^nowhere\.txt: no such file$"):
        read_profile("nowhere.txt")
