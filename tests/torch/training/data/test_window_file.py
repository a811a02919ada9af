from __future__ import annotations

from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.window_file import ImageWindow, read_windows

TEXT = """\
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
    images, windows = read_windows(written(tmp_path, TEXT))
    assert images == ["a.png", "b.png", "c.png"]
    assert windows == [
        ImageWindow(0, 4, 0.9, 2, 3, 11, 12),
        ImageWindow(0, 2, 0.2, 0, 0, 9, 9),
        ImageWindow(2, 7, 0.5, 0, 0, 4, 4),
    ]


@pytest.mark.parametrize("words", range(1, 30))
def test_a_file_that_is_cut_off_anywhere(tmp_path: Path, words: int) -> None:
    path = written(tmp_path, " ".join(TEXT.split()[:words]))
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
        (TEXT + "8 .5 0 0 4 4\n", ":15", "expected # before an image, found '8'"),
    ],
)
def test_damaged_files(tmp_path: Path, text: str, place: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(CaffeToolsError) as caught:
        read_windows(path)
    assert str(caught.value) == f"{path}{place}: {message}"
