"""Charts of a page, with their tools and legends."""

from __future__ import annotations

from caffetools.pages.curve_section import curve_section, sample
from caffetools.pages.curves import curve_charts, marks
from tests.pages.test_curves import outputs
from tests.pages.test_log_section import LINES, log


def section_of(*logs: object) -> str:
    contents = [each.contents for each in logs]  # type: ignore[attr-defined]
    return curve_section(*curve_charts(contents), marks(contents))


def test_every_line_has_a_button() -> None:
    html = section_of(outputs([f"o{n}" for n in range(40)]))
    assert html.count('<button type="button" data-line=') == 40
    assert html.count('aria-pressed="true"><svg') == 8
    assert "Show all 40 lines" in html
    assert html.count('class="line-') == 8 + 40  # lines of the chart, samples in the legend


def test_one_slider_one_key_and_a_button_for_each_run() -> None:
    again = [line for line in LINES if "Snapshot" not in line]
    html = section_of(log(*LINES, *again))
    assert html.count('role="img"') == html.count("<figure") == 3
    assert html.count('type="range"') == 1
    assert "Show all" not in html
    assert [html.count(f'data-run="{run}"') for run in (0, 1, 2)] == [1, 1, 0]
    assert html.count("</svg>snapshot</li>") == 1
    assert "data-run" not in section_of(log(*LINES))


def test_a_sample() -> None:
    assert '<path class="line-3" d="M0 5H22"></path>' in sample("line-3", "M0 5H22")
