"""Cuts digits.png into an image for each digit: digits/train/ and digits/test/, a folder a class.

    python digits.py

The sheet has 43 digits of 8 x 8 pixels a row, four rows for each class from 0 to 9: 172 of each.
Every fourth, 40 of each, is held back for the test. Takes Pillow: pip install 'caffetools[data]'.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

SIZE, COLUMNS, ROWS, HELD_BACK = 8, 43, 4, 40


def main() -> None:
    """Cut the sheet that lies beside this file; write to the working directory."""
    sheet = Image.open(Path(__file__).with_name("digits.png"))
    for label in range(10):
        for number in range(COLUMNS * ROWS):
            row, column = divmod(number, COLUMNS)
            left, top = column * SIZE, (label * ROWS + row) * SIZE
            part = "test" if number % 4 == 0 and number < 4 * HELD_BACK else "train"
            folder = Path("digits", part, str(label))
            folder.mkdir(parents=True, exist_ok=True)
            digit = sheet.crop((left, top, left + SIZE, top + SIZE))
            digit.save(folder / f"{number:03}.png")


if __name__ == "__main__":
    main()
