"""Styles: every name that drawings use is there, and every family has a colour."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import caffetools.drawing.style
from caffetools.drawing.style import EVENTS, FAMILIES, STYLES

PACKAGE = Path(caffetools.drawing.style.__file__).parents[1]


@pytest.mark.parametrize("family", FAMILIES)
def test_families_have_a_stripe(family: str) -> None:
    assert STYLES[f"family-{family}"].fill == FAMILIES[family].colour


@pytest.mark.parametrize("name", STYLES)
def test_colours_are_plain(name: str) -> None:
    for colour in (STYLES[name].fill, STYLES[name].stroke):
        assert colour is None or re.fullmatch("#[0-9a-f]{6}", colour)


def test_events_of_different_names_differ_in_colour_unless_they_are_errors() -> None:
    looks = set(EVENTS.values())
    assert len({look.title for look in looks}) == len(looks)
    errors = {"error", "cut off"}
    assert len({look.colour for look in looks if look.title not in errors}) == len(looks) - 2


def test_no_style_is_left_over() -> None:
    paths = [*PACKAGE.glob("drawing/*.py"), *PACKAGE.glob("pages/*.py")]
    text = "".join(path.read_text("utf-8") for path in paths if path.name != "style.py")
    numbered = ("family-", "line-", "event-")
    unused = [n for n in STYLES if not n.startswith(numbered) and f'"{n}"' not in text]
    assert unused == []
