"""Draws letters in white on black: letters/train/ and letters/test/, a folder a letter.

    python letters.py

10 images of 28 x 28 pixels of each letter to train with, 50 of each for the test. Each letter is a
few strokes, turned, shifted, scaled and drawn with a pen of its own width. Takes Pillow:
pip install 'caffetools[data]'.
"""

from __future__ import annotations

import math
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw

SIZE, ZOOM = 28, 4
COUNTS = {"train": 10, "test": 50}
STROKES = {
    "A": ["04 20 44", "13 33"],
    "E": ["40 00 04 44", "02 32"],
    "H": ["00 04", "40 44", "02 42"],
    "K": ["00 04", "40 02 44"],
    "N": ["04 00 44 40"],
    "T": ["00 40", "20 24"],
    "X": ["00 44", "40 04"],
    "Y": ["00 22 40", "22 24"],
}
"""The corners of each stroke: column and row, from 0 to 4."""


def drawn(letter: str, random: Random) -> Image.Image:
    """Return an image of a letter that is like no other."""
    image = Image.new("L", (SIZE * ZOOM, SIZE * ZOOM))
    pen = ImageDraw.Draw(image)
    angle, scale = random.gauss(0, 0.12), random.uniform(4, 5.2)
    stretch, width = random.uniform(0.7, 1.1), random.randint(7, 13)
    middle = SIZE / 2 + random.uniform(-2, 2), SIZE / 2 + random.uniform(-2, 2)
    for stroke in STROKES[letter]:
        points = []
        for corner in stroke.split():
            x = (int(corner[0]) - 2) * scale * stretch + random.gauss(0, 0.5)
            y = (int(corner[1]) - 2) * scale + random.gauss(0, 0.5)
            across = x * math.cos(angle) - y * math.sin(angle) + middle[0]
            down = x * math.sin(angle) + y * math.cos(angle) + middle[1]
            points.append((across * ZOOM, down * ZOOM))
        pen.line(points, fill=255, width=width, joint="curve")
    return image.resize((SIZE, SIZE), Image.Resampling.BOX)


def main() -> None:
    """Write the images to the working directory."""
    random = Random(1)
    for part, count in COUNTS.items():
        for letter in STROKES:
            folder = Path("letters", part, letter)
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                drawn(letter, random).save(folder / f"{number:02}.png")


if __name__ == "__main__":
    main()
