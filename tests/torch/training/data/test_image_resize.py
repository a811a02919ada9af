from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.draws import Draws
from caffetools.torch.training.data.image_resize import Resize

PAD, SMALL = "FIT_LARGE_SIZE_AND_PAD", "FIT_SMALL_SIZE"
IMAGE = np.full((20, 40, 3), 100, np.uint8)
BOX = np.array([(0.25, 0.5, 0.75, 1)], np.float32)


def resized(height: int, width: int, mode: str, **options: Any) -> Any:
    pytest.importorskip("cv2")
    return Resize(height, width, mode, **options).apply(IMAGE, Draws(0))


@pytest.mark.parametrize(
    ("mode", "shape"), [("WARP", (30, 30, 3)), (PAD, (30, 30, 3)), (SMALL, (30, 60, 3))]
)
def test_sizes(mode: str, shape: tuple[int, ...]) -> None:
    """40 / 20 = 2: within 30 x 30 are 15 x 30, around it 30 x 60."""
    assert resized(30, 30, mode).shape == shape


def test_padding() -> None:
    """(30 - 15) // 2 = 7 rows above, 30 - 15 - 7 = 8 below."""
    padded = resized(30, 30, PAD, pad_value=(1, 2, 3))
    assert (padded[:7] == [1, 2, 3]).all()
    assert (padded[7:22] == 100).all()
    assert (padded[22:] == [1, 2, 3]).all()
    assert (resized(30, 30, PAD)[0] == 0).all()
    assert (resized(30, 30, PAD, pad_value=(9,))[0] == 9).all()
    assert (resized(30, 30, PAD, pad_mode="MIRRORED") == 100).all()
    with pytest.raises(CaffeToolsError, match="expected 1 pad_value or 3, one a channel, found 2"):
        resized(30, 30, PAD, pad_value=(1, 2))


def test_one_of_several_modes_is_drawn() -> None:
    pytest.importorskip("cv2")
    image = np.random.default_rng(0).integers(0, 256, (20, 40, 3), np.uint8)
    modes = ("LINEAR", "AREA", "NEAREST", "CUBIC", "LANCZOS4")
    alone = [Resize(7, 9, interp_mode=(mode,)).apply(image, Draws(0)).tobytes() for mode in modes]
    drawn = {Resize(7, 9, interp_mode=modes).apply(image, Draws(n)).tobytes() for n in range(60)}
    assert drawn == set(alone)
    assert len(drawn) == 5


@pytest.mark.parametrize(
    ("mode", "box"),
    [
        ("WARP", (0.25, 0.5, 0.75, 1)),
        # 30 x 15 with 7.5 above: (7.5 + 0.5 * 15) / 30 and (7.5 + 15) / 30.
        (PAD, (0.25, 0.5, 0.75, 0.75)),
        (SMALL, (0.25, 0.5, 0.75, 1)),
    ],
)
def test_boxes(mode: str, box: tuple[float, ...]) -> None:
    assert Resize(30, 30, mode).boxes(BOX, 20, 40).tolist() == [pytest.approx(box)]


def test_boxes_of_a_narrow_image() -> None:
    """10 x 40 in 30 x 30 is 7.5 wide, with 11.25 at the left."""
    left, right = (11.25 + 0.25 * 7.5) / 30, (11.25 + 0.75 * 7.5) / 30
    found = Resize(30, 30, PAD).boxes(BOX, 40, 10)
    assert found.tolist() == [pytest.approx((left, 0.5, right, 1))]


def test_boxes_in_units_of_a_scale() -> None:
    """60 x 30, of which the window has half the width: 30 / 20 and 30 / 15."""
    resize = Resize(30, 30, SMALL, height_scale=15, width_scale=20)
    window = np.array((0, 0, 0.5, 1), np.float32)
    found = resize.extrapolated(BOX, 20, 40, window)
    assert found.tolist() == [pytest.approx((0.25 * 1.5, 0.5 * 2, 0.75 * 1.5, 1 * 2))]
    with pytest.raises(
        CaffeToolsError, match="height_scale and width_scale, 15 x 20, exceed 15 x 15"
    ):
        resize.extrapolated(BOX, 20, 40, window * np.float32(0.5))


def test_mistakes() -> None:
    with pytest.raises(CaffeToolsError, match="expected a resize_param of at least 1 x 1"):
        Resize(0, 3)
    with pytest.raises(CaffeToolsError, match="an image of 40 x 20 is too narrow to be resized"):
        resized(30, 1, PAD)
    with pytest.raises(
        CaffeToolsError, match=r"expected encoded items, .* found pixels of 20 x 40"
    ):
        Resize(30, 30).check_size(20, 40)
    Resize(20, 40).check_size(20, 40)
