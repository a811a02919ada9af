"""Elements in another order: lines, golden cases, and what they compute against loops."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.torch.export.loaded_module import load_module
from tests.torch.emission import Shape, lines, program_of
from tests.torch.golden import check_emitted


@pytest.mark.parametrize(
    "name", ["flatten_reshape", "permute_1032", "permute_2d", "permute_5d", "permute_identity",
             "permute_none", "permute_partial31"]
)  # fmt: skip
def test_golden(caffe: Path, name: str) -> None:
    check_emitted(caffe, f"layers_ssd/{name}")


CASES = (
    ("Permute permute_param { order: 0 order: 2 order: 3 order: 1 }", (2, 3, 4, 5),
     "a.permute(0, 2, 3, 1)"),
    ("Permute permute_param { order: 2 }", (2, 3, 4), "a.permute(2, 0, 1)"),
    ("Transpose transpose_param { dim: 1 dim: 0 }", (2, 3), "a.permute(1, 0)"),
    (
        (
            "Transpose transpose_param { transposetype: CONVTOLSTM "
            "shape { dim: 2 dim: 20 dim: 3 } }"
        ),
        (2, 3, 4, 5),
        "a.reshape(2, 3, 20).transpose(1, 2).reshape(2, 20, 3)",
    ),
    (
        (
            "Transpose transpose_param { transposetype: LSTMTOCONV "
            "shape { dim: 2 dim: 3 dim: 4 dim: 5 } }"
        ),
        (2, 3, 4, 5),
        "a.reshape(2, 20, 3).transpose(1, 2).reshape(2, 3, 4, 5)",
    ),
    ("Reverse reverse_param { axis: 1 }", (2, 3), "a.flip(1)"),
    ("Flip", (2, 3, 4, 5), "a.flip(3)"),
    ("Flip", (2, 3), "a"),
    ("Flip flip_param { flip_height: true }", (2, 3, 4, 5), "a.flip(2, 3)"),
    ("Flip flip_param { flip_width: false }", (2, 3, 4, 5), "a"),
    ("ShuffleChannel shuffle_channel_param { group: 3 }", (1, 6, 2, 2),
     "F.channel_shuffle(a, 3)"),
    ("ShuffleChannel shuffle_channel_param { group: 3 }", (1, 6),
     "F.channel_shuffle(a.reshape(1, 6, 1, 1), 3)"),
    ("Reorg reorg_param { stride: 2 }", (1, 4, 4, 6), "reorg(a, 2)"),
    ("Reorg reorg_param { stride: 2 reverse: true }", (1, 4, 4, 6),
     "reorg(a, 2, reverse=True)"),
)  # fmt: skip


@pytest.mark.parametrize(("layer", "bottom", "expected"), CASES)
def test_lines(layer: str, bottom: Shape, expected: str) -> None:
    assert lines(layer, bottom) == [f"y = {expected}"]


@pytest.mark.parametrize(
    ("layer", "bottom", "message"),
    [
        ("ShuffleChannel shuffle_channel_param { group: 4 }", (1, 6, 2, 2), "into 4 groups"),
        ("Reorg reorg_param { stride: 2 }", (1, 4, 5, 6), "squares of 2"),
        ("Reorg reorg_param { stride: 2 }", (1, 6, 4, 6), "squares of 2"),
        ("Flip flip_param { flip_width: perhaps }", (1, 4, 5, 6), "true or false"),
    ],
)
def test_what_caffe_cannot_run_is_refused(layer: str, bottom: Shape, message: str) -> None:
    with pytest.raises(CaffeToolsError, match=message):
        lines(layer, bottom)


def test_channels_are_shuffled_as_caffe_does() -> None:
    module = load_module(
        program_of("ShuffleChannel shuffle_channel_param { group: 2 }", (1, 6, 1, 1))
    )
    # channel j of group i goes to j * 2 + i
    assert module(torch.arange(6.0).reshape(1, 6, 1, 1)).flatten().tolist() == [0, 3, 1, 4, 2, 5]


def test_images_become_sequences_and_back() -> None:
    """Caffe's loop puts element (n, c, i) at (n, i, c), whatever the top's shape is."""
    to = load_module(
        program_of("Transpose transpose_param { shape { dim: 2 dim: 4 dim: 3 } }", (2, 3, 2, 2))
    )
    x = torch.arange(24.0).reshape(2, 3, 2, 2)
    y = to(x)
    for n, c, i in ((0, 0, 1), (1, 2, 3), (1, 0, 2)):
        assert y[n, i, c] == x.flatten(2)[n, c, i]
