"""Paths as short as they can be."""

from __future__ import annotations

import pytest

from caffetools.pages.paths import short_paths, shortened


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([], []),
        (["/data/nets/net.prototxt"], ["net.prototxt"]),
        (["a/train.log", "b/train.log", "b/test.log"], ["a/train.log", "b/train.log", "test.log"]),
        (["train.log", "b/train.log"], ["train.log", "b/train.log"]),
        (["c\\a\\n.txt", "c\\b\\n.txt"], ["a\\n.txt", "b\\n.txt"]),
        (["-", ""], ["-", ""]),
    ],
)
def test_short_paths(paths: list[str], expected: list[str]) -> None:
    assert list(short_paths(paths).values()) == expected
    assert list(short_paths(paths)) == paths


def test_shortened() -> None:
    short = {"/a/b.txt": "b.txt", "/a/b.txt.gz": "b.txt.gz", "": ""}
    assert shortened("/a/b.txt:3:1 and /a/b.txt.gz", short) == "b.txt:3:1 and b.txt.gz"
