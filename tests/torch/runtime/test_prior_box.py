"""PriorBox: golden cases, and the boxes of one cell by hand."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from caffetools.torch.runtime.prior_box import PriorBox
from tests.torch.cases import check_case, check_runs_everywhere, read_case


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("prior_min", PriorBox((5,))),
        ("prior_minmax", PriorBox((5,), (14,))),
        ("prior_fraction", PriorBox((5,), (14,), (2,))),
        ("prior_ars_flip", PriorBox((5,), (14,), (2, 3))),
        ("prior_ars_noflip", PriorBox((5,), (14,), (2, 0.4), flip=False)),
        ("prior_ars_repeat", PriorBox((5,), (), (2, 3))),
        ("prior_ars_reciprocal_kept", PriorBox((5,), (), (3, 0.33))),
        ("prior_multi", PriorBox((5, 8), (17, 23), (2,))),
        ("prior_multi_min", PriorBox((5, 8), (), (2, 3), flip=False, clip=True)),
        ("prior_clip", PriorBox((20,), (28,), (2,), clip=True)),
        ("prior_offset", PriorBox((5,), offset=0.75, step=(8, 8))),
        ("prior_step_hw", PriorBox((5,), (), (2,), step=(7.5, 9.25))),
        ("prior_img_hw", PriorBox((5,), image_size=(32, 40))),
        ("prior_var1", PriorBox((5,), variance=(0.2,))),
        ("prior_var4", PriorBox((5,), (), (2,), variance=(0.1, 0.15, 0.2, 0.25))),
    ],
)
def test_golden(caffe: Path, name: str, made: PriorBox) -> None:
    case = read_case(caffe, f"layers_ssd/{name}")
    check_case(case, lambda blobs: {"y": made(blobs["x"], blobs["data"])})


def test_sizes_by_hand() -> None:
    root = math.sqrt(4)
    assert PriorBox((10,), (40,), (4,)).sizes == [
        (10, 10),
        (20, 20),  # sqrt(10 * 40)
        (10 * root, 10 / root),
        (10 / root, 10 * root),
    ]


def test_a_cell_by_hand() -> None:
    x, image = torch.zeros(1, 1, 2, 1), torch.zeros(1, 3, 10, 20)
    made = PriorBox((), variance=(0.1, 0.2, 0.3, 0.4))
    made.sizes = [(4, 2)]
    y = made(x, image)
    assert y.shape == (1, 2, 2 * 4)
    # steps 10 / 2 = 5 and 20 / 1 = 20: centres (10, 2.5) and (10, 7.5)
    expected = [8 / 20, 1.5 / 10, 12 / 20, 3.5 / 10, 8 / 20, 6.5 / 10, 12 / 20, 8.5 / 10]
    torch.testing.assert_close(y[0, 0], torch.tensor(expected))
    torch.testing.assert_close(y[0, 1], torch.tensor([0.1, 0.2, 0.3, 0.4] * 2))


def test_boxes_are_computed_once_per_size(monkeypatch: pytest.MonkeyPatch) -> None:
    made, image = PriorBox((3,), (), (2,)), torch.zeros(1, 3, 32, 32)
    known, sizes = made.boxes, []

    def counted(x: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
        sizes.append(tuple(x.shape[2:]))
        return known(x, image)

    monkeypatch.setattr(made, "boxes", counted)
    for height in (4, 4, 5, 5, 4):
        x = torch.zeros(1, 1, height, 5)
        with torch.inference_mode():
            torch.testing.assert_close(made(x, image).zero_() + known(x, image), made(x, image))
    assert sizes == [(4, 5), (5, 5), (4, 5)]
    learned = torch.ones(60 * 4, requires_grad=True)
    (made(x, image)[0, 0] * learned).sum().backward()  # boxes of inference_mode cannot be saved
    assert learned.grad is not None


def test_runs_everywhere() -> None:
    check_runs_everywhere(
        PriorBox((3,), (), (2,), clip=True),
        torch.zeros(2, 3, 4, 5),
        torch.zeros(2, 3, 32, 32),
    )
