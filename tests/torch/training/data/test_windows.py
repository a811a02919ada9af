from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.sources import ReadContext
from caffetools.torch.training.data.transformer import Transform
from caffetools.torch.training.data.windows import (
    ImageWindow,
    Region,
    WindowFile,
    _Windows,
    read_windows,
    region_of,
)

TOPS = ("data", "label")
PLACE = ReadContext(0, train=True)
TEXT = """\
# 0
{folder}/a.png
3
20
30
3
4 0.9 2 3 11 12
2 0.2 0 0 9 9
7 0.5 5 5 14 14
"""


def window_file(folder: Path, text: str = TEXT, **options: Any) -> WindowFile:
    pytest.importorskip("PIL")
    from tests.torch.training.data.images import encoded

    image = np.arange(20 * 30 * 3).reshape(20, 30, 3) % 251
    (folder / "a.png").write_bytes(encoded(image))
    path = folder / "windows.txt"
    path.write_text(text.format(folder=folder))
    given = {"transform": Transform(crop_size=10), **options}
    return WindowFile(TOPS, str(path), 8, **given)


def test_backgrounds_stand_before_objects(tmp_path: Path) -> None:
    """8 * 0.25 = 2 of a batch of 8 are objects; backgrounds have the label 0."""
    items = window_file(tmp_path).open(PLACE)
    labels = [
        [int(items.read(8 * batch + slot, slot)[1]) for slot in range(8)] for batch in range(9)
    ]
    assert all(each[:6] == [0] * 6 for each in labels)
    assert {label for each in labels for label in each[6:]} == {4, 7}


def test_thresholds(tmp_path: Path) -> None:
    items = window_file(tmp_path, fg_threshold=0.6, bg_threshold=0.3).open(PLACE)
    assert isinstance(items, _Windows)
    assert [each.label for each in items.foreground] == [4]
    assert [each.overlap for each in items.background] == [0.2]


def test_a_window_of_the_nets_size_is_cut_out(tmp_path: Path) -> None:
    source = window_file(tmp_path, scale=0.5)
    items = source.open(PLACE)
    assert isinstance(items, _Windows)
    values, label = items.read(7, 7)
    window = next(each for each in items.foreground if each.label == int(label))
    from caffetools.torch.training.data.image_list import read_image

    image = read_image(f"{tmp_path}/a.png", color=True).transpose(2, 0, 1).astype(np.float32)
    part = image[:, window.y1 : window.y2 + 1, window.x1 : window.x2 + 1]
    assert values == pytest.approx(part * 0.5)
    mirrored = items.warped(image.transpose(1, 2, 0).astype(np.uint8), window, mirrored=True)
    assert mirrored == pytest.approx(part[:, :, ::-1] * 0.5)


def test_means(tmp_path: Path) -> None:
    from caffetools.formats.blob import Blob, binaryproto

    mean = np.random.default_rng(0).normal(size=(3, 14, 14)).astype(np.float32)
    path = tmp_path / "mean.binaryproto"
    path.write_bytes(binaryproto(Blob(mean.shape, mean)))
    window = ImageWindow(0, 4, 0.9, 2, 3, 11, 12)
    image = np.full((20, 30, 3), 100, np.uint8)
    for transform, expected in (
        (
            Transform(crop_size=10, mean_values=(1.0, 2.0, 3.0)),
            100 - np.array([1, 2, 3])[:, None, None],
        ),
        (Transform(crop_size=10, mean_file=str(path)), 100 - mean[:, 2:12, 2:12]),
    ):
        items = window_file(tmp_path, transform=transform).open(PLACE)
        assert isinstance(items, _Windows)
        found = items.warped(image, window, mirrored=False)
        assert found == pytest.approx(np.broadcast_to(expected, (3, 10, 10)))


@pytest.mark.parametrize(
    ("box", "options", "mirrored", "expected"),
    [
        ((2, 3, 11, 12), {}, False, Region(2, 3, 11, 12, 10, 10, 0, 0)),
        # Context of 1 on each side: 10 / (10 - 2) = 1.25 times the half sizes 4, around (14, 14).
        ((10, 10, 17, 17), {"context_pad": 1}, False, Region(9, 9, 19, 19, 10, 10, 0, 0)),
        # A square of half size 6 around (14, 16).
        ((10, 10, 17, 21), {"crop_mode": "square"}, False, Region(8, 10, 20, 22, 10, 10, 0, 0)),
        # Around (4, 4) the region is -1 to 9: one of 11 columns and rows lies outside.
        ((0, 0, 7, 7), {"context_pad": 1}, False, Region(0, 0, 9, 9, 9, 9, 1, 1)),
        ((0, 0, 7, 7), {"context_pad": 1}, True, Region(0, 0, 9, 9, 9, 9, 0, 1)),
    ],
)
def test_region(
    box: tuple[int, ...], options: dict[str, Any], mirrored: bool, expected: Region
) -> None:
    source = WindowFile(TOPS, "", 8, Transform(crop_size=10), **options)
    window = ImageWindow(0, 1, 1.0, *box)
    assert region_of(source, window, 40, 40, mirrored=mirrored) == expected


@pytest.mark.parametrize(
    ("box", "mode", "mirrored", "size", "expected"),
    [
        ((29, 4, 54, 28), "warp", True, (97, 89), (26, 1, 58, 32, 24, 24, 0, 0)),
        ((136, 133, 330, 195), "warp", False, (344, 205), (116, 127, 343, 202, 23, 24, 0, 0)),
        ((63, 44, 227, 47), "square", False, (252, 197), (46, 0, 245, 145, 24, 18, 0, 6)),
    ],
)
def test_region_is_rounded_in_float(
    box: tuple[int, ...], mode: str, mirrored: bool, size: tuple[int, int], expected: Region
) -> None:
    """As C++ computes it; 24 / 20 = 1.2 in double gives the other neighbour of a half."""
    source = WindowFile(TOPS, "", 8, Transform(crop_size=24), context_pad=2, crop_mode=mode)
    assert region_of(source, ImageWindow(0, 1, 1.0, *box), *size, mirrored=mirrored) == expected


def test_what_lies_outside_of_the_image_is_zero(tmp_path: Path) -> None:
    items = window_file(tmp_path, context_pad=1).open(PLACE)
    assert isinstance(items, _Windows)
    image = np.full((20, 30, 3), 100, np.uint8)
    values = items.warped(image, ImageWindow(0, 1, 1.0, 0, 0, 7, 7), mirrored=False)
    assert (values[:, 0] == 0).all()
    assert (values[:, :, 0] == 0).all()
    assert (values[:, 1:, 1:] == 100).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# 0 a.png 3 20 30 1 1 0.9 0 0 1 1", "expected windows of objects and of background"),
        (
            "# 0 a.png 3 20 30 2 0 0.9 0 0 1 1 1 0.1 0 0 1 1",
            "an object's window has a label below 1",
        ),
    ],
)
def test_windows_that_will_not_do(tmp_path: Path, text: str, message: str) -> None:
    source = window_file(tmp_path, text)
    with pytest.raises(CaffeToolsError, match=message) as caught:
        source.open(PLACE)
    assert str(caught.value).startswith(f"{source.source}: ")


@pytest.mark.parametrize("box", [(8, 8, 9, 9), (-1, 0, 3, 3), (3, 3, 2, 4), (0, 4, 4, 5)])
def test_a_window_outside_of_its_image(tmp_path: Path, box: tuple[int, ...]) -> None:
    items = window_file(tmp_path).open(PLACE)
    assert isinstance(items, _Windows)
    with pytest.raises(CaffeToolsError, match="the window exceeds its image of 5 x 5"):
        items.warped(np.zeros((5, 5, 3), np.uint8), ImageWindow(0, 1, 1.0, *box), mirrored=False)


def test_a_window_is_named(tmp_path: Path) -> None:
    source = window_file(tmp_path)
    items = source.open(PLACE)
    assert items.name(7, 0) == f"{source.source}: window (0, 0, 9, 9) of {tmp_path}/a.png"


@pytest.mark.parametrize("shape", [(3, 9, 9), (1, 14, 14), (3, 9, 14)])
def test_a_mean_image_that_does_not_cover_the_input(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """Caffe reads beyond its end."""
    from caffetools.formats.blob import Blob, binaryproto

    path = tmp_path / "mean"
    path.write_bytes(binaryproto(Blob(shape, np.zeros(shape, np.float32))))
    transform = Transform(crop_size=10, mean_file=str(path))
    items = window_file(tmp_path, transform=transform).open(PLACE)
    with pytest.raises(CaffeToolsError, match="expected 3 x 10 x 10 or more"):
        items.read(0, 0)


def test_a_context_that_leaves_no_window() -> None:
    source = WindowFile(TOPS, "", 8, Transform(crop_size=10), context_pad=5)
    with pytest.raises(CaffeToolsError, match="expected a context_pad below half of 10, found 5"):
        region_of(source, ImageWindow(0, 1, 1.0, 0, 0, 1, 1), 40, 40, mirrored=False)


@given(
    st.tuples(*[st.integers(0, 39)] * 4).map(lambda b: (*sorted(b[::2]), *sorted(b[1::2]))),
    st.integers(0, 4),
    st.sampled_from(["warp", "square"]),
    st.booleans(),
)
def test_a_region_stays_within_image_and_input(
    box: tuple[int, int, int, int], pad: int, mode: str, mirrored: bool
) -> None:
    x1, x2, y1, y2 = box
    source = WindowFile(TOPS, "", 8, Transform(crop_size=11), context_pad=pad, crop_mode=mode)
    region = region_of(source, ImageWindow(0, 1, 1.0, x1, y1, x2, y2), 40, 40, mirrored=mirrored)
    assert 0 <= region.x1 <= region.x2 < 40
    assert 0 <= region.y1 <= region.y2 < 40
    assert 0 <= region.left <= region.left + region.width <= 11
    assert 0 <= region.top <= region.top + region.height <= 11


FILE = """\
# 0
a.png
3
20
30
2
4 0.9 2 3 11 12
2 0.2 0 0 9 9
# 1
b.png
3 20 30
0
# 2 c.png 1 5 5 1
7 .5 0 0 4 4
"""


def written(folder: Path, text: str) -> str:
    path = folder / "windows.txt"
    path.write_text(text)
    return str(path)


def test_images_and_windows(tmp_path: Path) -> None:
    images, windows = read_windows(written(tmp_path, FILE))
    assert images == ["a.png", "b.png", "c.png"]
    assert windows == [
        ImageWindow(0, 4, 0.9, 2, 3, 11, 12),
        ImageWindow(0, 2, 0.2, 0, 0, 9, 9),
        ImageWindow(2, 7, 0.5, 0, 0, 4, 4),
    ]


@pytest.mark.parametrize("words", range(1, 30))
def test_a_file_that_is_cut_off_anywhere(tmp_path: Path, words: int) -> None:
    path = written(tmp_path, " ".join(FILE.split()[:words]))
    if words in (19, 26):  # between two images
        assert len(read_windows(path)[0]) == {19: 1, 26: 2}[words]
        return
    with pytest.raises(CaffeToolsError) as caught:
        read_windows(path)
    assert str(caught.value) == f"{path}:1: the window file is cut off"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "", "the window file is empty"),
        ("x 0", ":1", "expected # before an image, found 'x'"),
        ("# 0 a.png 3 20\nx 0", ":2", "expected a whole number, found 'x'"),
        ("# 0 a.png 3 20 30 1\n\n1 high 0 0 1 1", ":3", "expected a number, found 'high'"),
        ("# 0 a.png 3 20 30 1 1 0.9 0 0 1.5 1", ":1", "expected a whole number, found '1.5'"),
        (FILE + "8 .5 0 0 4 4\n", ":15", "expected # before an image, found '8'"),
    ],
)
def test_damaged_files(tmp_path: Path, text: str, place: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(CaffeToolsError) as caught:
        read_windows(path)
    assert str(caught.value) == f"{path}{place}: {message}"
