"""SSD's PriorBox."""

from __future__ import annotations

from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from tests.torch.emission import Shape, lines
from tests.torch.golden import check_emitted

GOLDEN = (
    "mbl_nms_prior",
    "prior_ars_noflip",
    "prior_clip",
    "prior_img_hw",
    "prior_img_size",
    "prior_minmax",
    "prior_offset",
    "prior_step_hw",
    "prior_var1",
    "prior_var4",
)  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(caffe: Path, name: str) -> None:
    check_emitted(caffe, f"layers_ssd/{name}")


IMAGE: list[Shape] = [(1, 4, 3, 3), (1, 3, 30, 30)]


CASES = (
    (
        "PriorBox prior_box_param { min_size: 30 }",
        IMAGE,
        ["m = PriorBox((30.0,))", "y = self.m(a, b)"],
    ),
    (
        # Sizes are truncated; 1, a repeated ratio and an inverse give no further boxes.
        (
            "PriorBox prior_box_param { min_size: 30.9 aspect_ratio: 1 aspect_ratio: 2 "
            "aspect_ratio: 0.5 aspect_ratio: 2 aspect_ratio: 3 }"
        ),
        IMAGE,
        ["m = PriorBox((30.0,), (), (2.0, 3.0))", "y = self.m(a, b)"],
    ),
    (
        (
            "PriorBox prior_box_param { min_size: 30 max_size: 60 aspect_ratio: 2 flip: false "
            "clip: true variance: 0.2 img_size: 300 step_h: 8 step_w: 16 offset: 0.25 }"
        ),
        IMAGE[:1],
        [
            (
                "m = PriorBox((30.0,), (60.0,), (2.0,), variance=(0.2,), flip=False, "
                "image_size=(300, 300), step=(8.0, 16.0), offset=0.25, clip=True)"
            ),
            "y = self.m(a, a)",
        ],
    ),
)


@pytest.mark.parametrize(("layer", "bottoms", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], expected: list[str]) -> None:
    assert lines(layer, *bottoms) == expected


REFUSED = (("PriorBox prior_box_param { min_size: 30 }", IMAGE[:1], "expected a second bottom"),)


@pytest.mark.parametrize(("layer", "bottoms", "message"), REFUSED)
def test_what_has_no_counterpart_is_refused(layer: str, bottoms: list[Shape], message: str) -> None:
    with pytest.raises(CaffeToolsError, match=message):
        lines(layer, *bottoms)
