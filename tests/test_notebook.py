"""What notebooks show: drawings that parse, and say nothing of the notebook's own style."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from tests.draw.cases import residual
from tests.nets import net
from tests.report.test_logs import LINES, log

MADE = net(f'name: "<n>" {residual(2)}')


def check(drawing: str) -> None:
    root = ET.fromstring(drawing)
    style = root.find("{http://www.w3.org/2000/svg}style")
    assert style is not None
    assert style.text
    for rule in style.text.strip().splitlines():
        assert re.match(rf"#{root.get('id')} \.[a-z0-9-]+ {{", rule)


def test_a_net() -> None:
    check(MADE._repr_svg_())
    told = MADE._repr_html_()
    assert MADE._repr_svg_() in told
    assert "<details><summary>Layers</summary><pre>layer" in told
    assert "<n>" not in told


def test_what_is_inferred_shows_the_same() -> None:
    assert MADE.inferred._repr_svg_() == MADE._repr_svg_()
    assert MADE.inferred._repr_html_() == MADE._repr_html_()


def test_a_log() -> None:
    parsed = log(*LINES)
    check(parsed._repr_svg_())
    told = parsed._repr_html_()
    assert told.count("<svg") == 3
    assert "<details><summary>The log</summary><pre>" in told


def test_a_log_without_curves() -> None:
    check(log("net.cpp:1] nothing")._repr_svg_())
