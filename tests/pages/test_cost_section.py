"""Profiles: whose parameters, multiply-accumulates and memory."""

from __future__ import annotations

import pytest

from caffetools.drawing.scene import Rect, SceneGroup, flat
from caffetools.pages.cost_section import (
    HEIGHT,
    WIDTH,
    Profile,
    cost_section,
    percent,
    profile_scene,
    profiles,
)
from tests.drawing.cases import LABELLED, conv, relu
from tests.nets import given, layer, net

MADE = net(
    given("data", 1, 4, 8, 8) + conv("c", "data") + relu("c") + layer("NoSuchType", "n", "c", "n")
)


def test_profiles() -> None:
    params, macs, memory = profiles(MADE)
    assert params == Profile("parameters", (0, 4 * 4 * 3 * 3 + 4, 0, 0), is_known=False)
    assert macs.values == (0, 4 * 8 * 8 * 4 * 3 * 3, 0, 0)
    assert memory.values == (4 * 4 * 8 * 8, 4 * 4 * 8 * 8, 0, 0)  # float32; in place nothing
    assert memory.total == 2 * 4 * 4 * 8 * 8


def test_totals_of_unknown_layers() -> None:
    html = cost_section(MADE)
    assert "<figcaption>parameters: at least 148</figcaption>" in html
    assert "<figcaption>bytes of tops: at least 2,048</figcaption>" in html


def test_largest() -> None:
    assert Profile("p", (3, 0, 5, 3)).largest(3) == [2, 0, 3]
    assert Profile("p", (0, 0)).largest() == []


def test_the_drawing_names_the_largest() -> None:
    scene = profile_scene(MADE, profiles(MADE)[0])
    assert scene.description == "Most in c 100.0 %"
    groups = [item for item in scene.items if isinstance(item, SceneGroup)]
    assert [(group.title, group.data) for group in groups] == [
        ("c: 148 (100.0 %)", (("layers", "1"),))
    ]
    for item, _, _ in flat(scene.items):
        if isinstance(item, Rect):
            assert item.x + item.width <= WIDTH + 1e-9
            assert 0 <= item.y <= HEIGHT


def test_an_empty_net() -> None:
    made = net("")
    assert [profile_scene(made, profile).description for profile in profiles(made)] == ["None"] * 3


@pytest.mark.parametrize(("part", "whole", "expected"), [(1, 3, "33.3 %"), (0, 0, "0 %")])
def test_share(part: int, whole: int, expected: str) -> None:
    assert percent(part, whole) == expected


def test_costs() -> None:
    html = cost_section(net(LABELLED))
    assert html.count("<svg") == 3
    assert '<button type="button" data-layer="1">one</button> 12 (50.0 %)' in html
