from __future__ import annotations

from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.formats.listing import first_images, first_window_channels, first_word


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"cat.jpg 0\ndog.jpg 1\n", "cat.jpg"),
        (b"a cat.jpg 0\r\n", "a cat.jpg"),
        (b"cat.jpg", "cat.jpg"),
        (b"\ncat.jpg 0", ""),
        (b"caf\xe9.jpg 0\n", "caf\udce9.jpg"),
    ],
)
def test_first_images(tmp_path: Path, text: bytes, expected: str) -> None:
    (tmp_path / "list").write_bytes(text)
    assert first_images(str(tmp_path / "list"))[0] == expected


def test_no_more_images_than_are_whole_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text("a.jpg 0\nb.jpg 1\n")
    assert first_images(str(path)) == ["a.jpg", "b.jpg"]
    path.write_text(f"{'a' * 40000} 0\n{'b' * 40000} 1\n")
    assert first_images(str(path)) == ["a" * 40000]
    path.write_text("a.jpg 0\n" * 1000)
    assert first_images(str(path)) == ["a.jpg"] * 100


@pytest.mark.parametrize(
    ("text", "expected"),
    [(b"train.h5\n", "train.h5"), (b"\n \t a.h5 b.h5", "a.h5"), (b"caf\xe9.h5", "caf\udce9.h5")],
)
def test_first_word(tmp_path: Path, text: bytes, expected: str) -> None:
    (tmp_path / "list").write_bytes(text)
    assert first_word(str(tmp_path / "list")) == expected


def test_first_window_channels(tmp_path: Path) -> None:
    path = tmp_path / "windows"
    path.write_text("# 0\n/images/a.jpg\n3\n375\n500\n1\n7 0.9 1 2 3 4\n")
    assert first_window_channels(str(path)) == 3
    for text in ("", "# 0 a.jpg", "0 0 a.jpg 3 1 1", "# 0 a.jpg -3 1 1", "# 0 a.jpg \xb2 1"):
        path.write_text(text, encoding="latin-1")
        with pytest.raises(CaffeToolsError, match="does not begin with '#', a number, a file"):
            first_window_channels(str(path))


@pytest.mark.parametrize("read", [first_images, first_word])
def test_an_empty_list(tmp_path: Path, read: object) -> None:
    assert callable(read)
    (tmp_path / "list").touch()
    with pytest.raises(CaffeToolsError, match="list' is empty"):
        read(str(tmp_path / "list"))
