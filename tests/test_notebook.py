"""What notebooks show: drawings that parse, and say nothing of the notebook's own style."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import caffetools
from tests.drawing.cases import residual
from tests.nets import net
from tests.pages.test_log_section import LINES, log

KINDS = (caffetools.Net, caffetools.ParsedLog)
"""What shows itself once a public name is used."""

MADE = net(f'name: "<n>" {residual(2)}')


def html(value: Any) -> str:
    return str(value._repr_html_())


def svg(value: Any) -> str:
    return str(value._repr_svg_())


def check(drawing: str) -> None:
    root = ET.fromstring(drawing)
    style = root.find("{http://www.w3.org/2000/svg}style")
    assert style is not None
    assert style.text
    for rule in style.text.strip().splitlines():
        assert re.match(rf"#{root.get('id')} \.[a-z0-9-]+ {{", rule)


def test_a_net() -> None:
    check(svg(MADE))
    page = html(MADE)
    assert svg(MADE) in page
    assert "<details><summary>Layers</summary><pre>layer" in page
    assert "<n>" not in page


def test_what_is_inferred_shows_the_same() -> None:
    assert svg(MADE.inferred) == svg(MADE)
    assert html(MADE.inferred) == html(MADE)


def test_a_log() -> None:
    parsed = log(*LINES)
    check(svg(parsed))
    page = html(parsed)
    assert page.count("<svg") == 3
    assert "<details><summary>The log</summary><pre>" in page


def test_a_log_without_curves() -> None:
    check(svg(log("net.cpp:1] nothing")))
