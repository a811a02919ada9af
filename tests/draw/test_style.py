"""Styles: every name that drawings use is there, and every family has a colour."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import caffetools.draw.style
from caffetools.draw.style import FAMILIES, STYLES

FOLDER = Path(caffetools.draw.style.__file__).parent


@pytest.mark.parametrize("family", FAMILIES)
def test_families_have_a_stripe(family: str) -> None:
    assert STYLES[f"family-{family}"].fill == FAMILIES[family]


@pytest.mark.parametrize("name", STYLES)
def test_colours_are_plain(name: str) -> None:
    for colour in (STYLES[name].fill, STYLES[name].stroke):
        assert colour is None or re.fullmatch("#[0-9a-f]{6}", colour)


def test_no_style_is_left_over() -> None:
    text = "".join(
        path.read_text("utf-8") for path in FOLDER.glob("*.py") if path.name != "style.py"
    )
    unused = [n for n in STYLES if not n.startswith("family-") and f'"{n}"' not in text]
    assert unused == []
