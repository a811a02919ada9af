"""Draws images of circles, squares and triangles, and VOC's XML about them, into shapes/.

    python shapes.py [IMAGES [TEST_IMAGES]]

640 images of 64 x 64 to train with (shapes/train.txt) and 200 for the test (shapes/test.txt); the
same ones each time. Takes Pillow: pip install 'caffetools[data]'.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

CLASSES = ("circle", "square", "triangle")
SIZE, MOST = 64, 3
"""Pixels of a side, and objects of an image."""

Box = tuple[int, int, int, int]


def drawn(random: np.random.Generator) -> tuple[Image.Image, list[tuple[str, Box]]]:
    """Return an image with its objects: their class, and the first and last pixels of their box."""
    noise = random.normal(random.uniform(60, 200, 3), 12, (SIZE, SIZE, 3))
    image = Image.fromarray(noise.clip(0, 255).astype(np.uint8))
    pen, objects = ImageDraw.Draw(image), list[tuple[str, Box]]()
    for _ in range(random.integers(1, MOST + 1)):
        width = int(random.integers(14, 34))
        height = int(width * random.uniform(0.75, 1.3))
        left, top = (int(random.integers(0, SIZE - side)) for side in (width, height))
        box = (left, top, left + width - 1, top + height - 1)
        if all(overlap(box, other) < 0.1 for _, other in objects):
            name = CLASSES[random.integers(len(CLASSES))]
            colour = tuple(int(part) for part in random.integers(0, 256, 3))
            draw(pen, name, box, colour)
            objects.append((name, box))
    return image, objects


def draw(pen: ImageDraw.ImageDraw, name: str, box: Box, colour: tuple[int, ...]) -> None:
    """Draw an object that fills its box."""
    left, top, right, bottom = box
    if name == "circle":
        pen.ellipse(box, fill=colour)
    elif name == "square":
        pen.rectangle(box, fill=colour)
    else:
        pen.polygon([(left, bottom), (right, bottom), ((left + right) / 2, top)], fill=colour)


def overlap(one: Box, other: Box) -> float:
    """Return the common area by that of the smaller box."""
    sides = [
        max(0, min(one[axis + 2], other[axis + 2]) - max(one[axis], other[axis]) + 1)
        for axis in (0, 1)
    ]
    smaller = min((box[2] - box[0] + 1) * (box[3] - box[1] + 1) for box in (one, other))
    return math.prod(sides) / smaller


def xml(objects: list[tuple[str, Box]]) -> str:
    """Return the annotation of an image; VOC counts pixels from 1."""
    lines = [f"<annotation><size><width>{SIZE}</width><height>{SIZE}</height></size>"]
    for name, (left, top, right, bottom) in objects:
        sides = {"xmin": left + 1, "ymin": top + 1, "xmax": right + 1, "ymax": bottom + 1}
        box = "".join(f"<{side}>{value}</{side}>" for side, value in sides.items())
        lines.append(f"<object><name>{name}</name><bndbox>{box}</bndbox></object>")
    return "\n".join([*lines, "</annotation>\n"])


def main() -> None:
    """Draw the images of both lists into the working directory."""
    counts = [int(count) for count in sys.argv[1:]] + [640, 200][len(sys.argv) - 1 :]
    folder = Path("shapes")
    folder.mkdir(exist_ok=True)
    for part, count, seed in zip(("train", "test"), counts, (1, 2), strict=True):
        random, lines = np.random.default_rng(seed), []
        for number in range(count):
            image, objects = drawn(random)
            name = f"{part}_{number:04}"
            image.save(folder / f"{name}.png")
            (folder / f"{name}.xml").write_text(xml(objects))
            lines.append(f"{name}.png {name}.xml\n")
        (folder / f"{part}.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
