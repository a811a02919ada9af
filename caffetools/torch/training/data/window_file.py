"""Read WindowData's window files: images and the boxes in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.files import read_text


class ImageWindow(NamedTuple):
    """A box in an image; its corners are inclusive."""

    image: int
    label: int
    overlap: float
    x1: int
    y1: int
    x2: int
    y2: int


def read_windows(path: str) -> tuple[list[str], list[ImageWindow]]:
    """Read the images of a window file, and all windows in them.

    An image is `#` and its number, its file, channels, height, width and the number of windows;
    each window is a class, an overlap and two corners. Raises CaffeToolsError, located.
    """
    words = _Words(path)
    images: list[str] = []
    windows: list[ImageWindow] = []
    while not words.at_end:
        mark = words.text()
        if mark != "#":
            raise words.error(f"expected # before an image, found {mark!a}")
        words.text()  # its number; Caffe expects them to count from 0
        images.append(words.text())
        *_, count = [words.integer() for _ in range(4)]
        for _ in range(count):
            label, overlap = words.integer(), words.number()
            box = [words.integer() for _ in range(4)]
            windows.append(ImageWindow(len(images) - 1, label, overlap, *box))
    if not images:
        raise CaffeToolsError("the window file is empty", Location(path))
    return images, windows


class _Words:
    """The words of a file in order."""

    def __init__(self, path: str) -> None:
        self.path = path
        lines = read_text(path).split("\n")
        self._words = [(word, line) for line, text in enumerate(lines, 1) for word in text.split()]
        self._next = 0

    @property
    def at_end(self) -> bool:
        """Whether all words were read."""
        return self._next == len(self._words)

    def error(self, message: str) -> CaffeToolsError:
        """Return an error located at the word that was read last."""
        line = self._words[self._next - 1][1] if self._next else 1
        return CaffeToolsError(message, Location(self.path, line))

    def text(self) -> str:
        """Return the next word."""
        if self.at_end:
            raise self.error("the window file is cut off")
        self._next += 1
        return self._words[self._next - 1][0]

    def integer(self) -> int:
        """Return the next word as an integer."""
        return int(self._read(int, "a whole number"))

    def number(self) -> float:
        """Return the next word as a number."""
        return self._read(float, "a number")

    def _read(self, kind: Callable[[str], float], expected: str) -> float:
        word = self.text()
        try:
            return kind(word)
        except ValueError:
            raise self.error(f"expected {expected}, found {word!a}") from None
