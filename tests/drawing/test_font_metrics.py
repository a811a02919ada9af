"""Widths against the font itself, and texts shortened until they fit."""

from __future__ import annotations

import os

import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.ft2font import FT2Font, LoadFlags

from caffetools.drawing.font_metrics import BOLD, EM, REGULAR, elided, is_measured, text_width


@pytest.mark.parametrize(("name", "table"), [("DejaVuSans", REGULAR), ("DejaVuSans-Bold", BOLD)])
def test_widths_are_the_fonts_own(name: str, table: dict[int, str]) -> None:
    font = FT2Font(os.path.join(mpl.get_data_path(), "fonts", "ttf", f"{name}.ttf"))
    assert font.units_per_EM == EM
    for width, chars in table.items():
        for char in chars:
            glyph = font.load_char(ord(char), flags=LoadFlags.NO_SCALE)
            assert glyph.horiAdvance == width, char


def test_the_tables_hold_what_names_are_made_of() -> None:
    assert is_measured("".join(map(chr, range(32, 127))) + "×−·…⋮")
    assert sorted("".join(REGULAR.values())) == sorted("".join(BOLD.values()))


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("", 0),
        ("ii", 569 + 569),
        ("conv1", 1126 + 1253 + 1298 + 1212 + 1303),
        ("卷", EM),  # a letter that the tables lack
        ("e\u0301", 1260),  # a combining accent
        ("🂡", EM * 3 // 2),  # no letter
    ],
)
def test_text_width(text: str, units: int) -> None:
    assert text_width(text, 10) == pytest.approx(units * 10 / EM)


def test_bold_is_wider() -> None:
    assert text_width("conv1", 10, bold=True) > text_width("conv1", 10)


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("conv1", 100, "conv1"),
        ("x" * 100_000, 40, "xxx…xx"),  # 4 at 10 * 1212 / 2048 = 5.9 each, and 10 for the …
        ("abcdef", 10, "…"),
        ("", 0, ""),
    ],
)
def test_elided(text: str, width: float, expected: str) -> None:
    assert elided(text, width, 10) == expected


@given(st.text(max_size=80), st.floats(12, 300))
def test_what_is_shortened_fits(text: str, width: float) -> None:
    short = elided(text, width, 10)
    assert text_width(short, 10) <= width
    if "…" not in short:
        assert short == text
