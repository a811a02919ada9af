"""Places and mistakes: how they print, and which place wins."""

from __future__ import annotations

import pytest

from caffetools.errors import (
    CaffeToolsError,
    GraphError,
    Location,
    Note,
    PrototxtError,
    ShapeError,
)

PLACE = Location("net.prototxt", 8, 3)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (Location("net.prototxt"), "net.prototxt"),
        (Location("train.log", 8), "train.log:8"),
        (PLACE, "net.prototxt:8:3"),
    ],
)
def test_a_location_prints_what_is_known(location: Location, expected: str) -> None:
    assert str(location) == expected


def test_an_error_prints_its_place_first() -> None:
    assert str(CaffeToolsError("too deep")) == "too deep"
    assert str(CaffeToolsError("too deep", PLACE)) == "net.prototxt:8:3: too deep"


def test_an_error_is_placed_once() -> None:
    error = CaffeToolsError("too deep")
    assert error.at(PLACE, "  pad: 3") is error
    assert (error.location, error.excerpt) == (PLACE, "  pad: 3")
    error.at(Location("net.prototxt", 1, 1), "layer {")
    assert (error.location, error.excerpt) == (PLACE, "  pad: 3")


@pytest.mark.parametrize("kind", [PrototxtError, GraphError, ShapeError])
def test_every_kind_is_a_mistake_in_the_input(kind: type[CaffeToolsError]) -> None:
    error = kind("too deep", PLACE)
    assert isinstance(error, CaffeToolsError)
    assert str(error) == "net.prototxt:8:3: too deep"


def test_a_note_prints_like_an_error() -> None:
    assert str(Note(PLACE, "not read")) == "net.prototxt:8:3: not read"
