"""A page in headless Chromium, without a network: it opens, and it answers to pointer and keys.

Skipped where Playwright or Chromium is missing; Playwright's own browsers are not needed.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from caffetools.check.parsed_log import parse_log
from caffetools.net.loading import from_text
from caffetools.net.net import Net
from caffetools.pages.log_section import CheckedLog
from caffetools.pages.page import page
from tests.drawing.cases import residual
from tests.nets import given

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

SCRIPT = "<script>document.title='owned'</script>"
HOSTILE = f"{SCRIPT}\"'&</pre>" + "x" * 10_000
TEXT = residual(22)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield launched
        launched.close()


class Opened:
    """A page, with all that went wrong while it was open."""

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        self.context = browser.new_context(
            viewport={"width": 1300, "height": 900}, offline=True, **options
        )
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("console", self.heard)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self.asked)
        self.page.goto(path.as_uri())

    def heard(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)

    def asked(self, request: Any) -> None:
        if not request.url.startswith("file:"):
            self.errors.append(f"asked for {request.url}")

    def text(self, selector: str) -> str:
        return str(self.page.text_content(selector))

    def scale(self) -> float:
        style = self.page.get_attribute(".drawing:not([hidden])", "style")
        found = re.search(r"scale\(([0-9.e-]+)\)", style)
        assert found
        return float(found[1])

    def chosen(self) -> str:
        return self.text("#details h2")


def open_net(browser: Any, folder: Path, made: Net, **options: Any) -> Opened:
    path = folder / "report.html"
    path.write_text(page(made, "net.prototxt"), encoding="utf-8")
    return Opened(browser, path, **options)


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Opened]:
    found = open_net(browser, tmp_path, from_text(TEXT, "net.prototxt"))
    yield found
    assert found.errors == []
    found.context.close()


def test_search(opened: Opened) -> None:
    opened.page.fill("#search", "b21")
    assert opened.text("#found") == "1 found"
    opened.page.press("#search", "Enter")
    assert opened.chosen() == "b21"
    assert opened.text("#found") == "1 of 1"
    assert opened.text("#status") == "b21, Convolution"
    assert "b21" in opened.text("#details pre")
    opened.page.fill("#search", "softmax")
    assert opened.page.locator("#canvas .drawing:not([hidden]) .hit").count() == 1
    opened.page.fill("#search", "no such layer")
    assert opened.text("#found") == "0 found"


def test_the_details_of_a_layer(opened: Opened) -> None:
    opened.page.fill("#search", "c")
    opened.page.press("#search", "Enter")
    html = opened.text("#details")
    assert opened.chosen() == "c"
    assert "height, width: (8 − 3 + 2·1) / 1 + 1 = 8" in html
    assert "weight: 4 · 4 · 3 · 3 = 144" in html
    assert "net.prototxt:2:1" in html
    opened.page.click("#details .link-button >> text=data")
    assert opened.chosen() == "data"


def test_click_and_drag(opened: Opened) -> None:
    opened.page.locator(".drawing:not([hidden]) [data-layers='1']").click()
    assert opened.chosen() == "c"
    assert opened.page.locator(".drawing:not([hidden]) .near").count() == 3  # one within the block
    before = opened.page.get_attribute(".drawing", "style")
    frame = opened.page.locator("#canvas").bounding_box()
    x, y = frame["x"] + 8, frame["y"] + 8
    opened.page.mouse.move(x, y)
    opened.page.mouse.down()
    opened.page.mouse.move(x + 90, y + 40, steps=3)
    opened.page.mouse.up()
    assert opened.page.get_attribute(".drawing", "style") != before
    assert opened.chosen() == "c"  # a drag is no click
    opened.page.mouse.click(x, y)
    assert "Choose a layer" in opened.text("#details")


def test_zoom(opened: Opened) -> None:
    fitting = opened.scale()
    opened.page.click("[data-do=in]")
    assert opened.scale() == pytest.approx(1.25 * fitting, rel=1e-4)
    opened.page.click("[data-do=out]")
    assert opened.scale() == pytest.approx(fitting, rel=1e-4)
    opened.page.locator("#canvas").hover()
    opened.page.mouse.wheel(0, -300)
    opened.page.wait_for_timeout(50)
    assert opened.scale() > fitting
    opened.page.click("[data-do=fit]")
    assert opened.scale() == pytest.approx(fitting)


def test_keys(opened: Opened) -> None:
    opened.page.keyboard.press("/")
    assert opened.page.evaluate("document.activeElement.id") == "search"
    opened.page.keyboard.press("Escape")
    assert opened.page.evaluate("document.activeElement.id") == "canvas"
    for key, name in (
        ("ArrowDown", "data"),
        ("ArrowDown", "c"),
        ("ArrowDown", "a0"),
        ("ArrowUp", "c"),
        ("ArrowRight", "a0"),
        ("ArrowLeft", "c"),
    ):
        opened.page.keyboard.press(key)
        assert opened.chosen() == name
    before = opened.scale()
    opened.page.keyboard.press("+")
    assert opened.scale() > before
    opened.page.keyboard.press("Shift+ArrowDown")
    opened.page.keyboard.press("Enter")
    assert opened.page.evaluate("document.activeElement.id") == "details"


def test_repeated_blocks_unfold(opened: Opened) -> None:
    drawing = opened.page.locator(".drawing:not([hidden])")
    assert drawing.locator(".box").count() == 6
    opened.page.click("[data-do=unfold]")
    assert opened.page.get_attribute("[data-do=unfold]", "aria-pressed") == "true"
    assert drawing.locator(".box").count() == 2 + 3 * 22 + 1
    opened.page.click("[data-do=unfold]")
    assert drawing.locator(".box").count() == 6


def test_namespaces_fold(browser: Any, tmp_path: Path) -> None:
    text = re.sub(r"\b([abs])(\d+)\b", r"block\2/\1", residual(3))
    opened = open_net(browser, tmp_path, from_text(text, "net.prototxt"))
    opened.page.click("[data-do=spaces]")
    drawing = opened.page.locator(".drawing:not([hidden])")
    assert drawing.locator("[data-namespace]").count() == 3
    assert drawing.locator(".box").count() == 3  # data, c and prob
    opened.page.click("[data-do=unfold]")
    assert drawing.locator(".box").count() == 2 + 3 * 3 + 1
    pressed = opened.page.locator("[data-view][aria-pressed=true]")
    assert pressed.evaluate_all("found => found.map((each) => each.dataset.do)") == ["unfold"]
    opened.page.click("[data-do=unfold]")
    assert drawing.locator("[data-count]").count() == 1
    assert opened.errors == []
    opened.context.close()


def first_cells(opened: Opened) -> list[str]:
    cells = opened.page.locator("#layers-table tbody tr:not([hidden]) td:first-child")
    return [text for text in cells.all_text_contents() if text]


def test_the_table_sorts(opened: Opened) -> None:
    inorder = first_cells(opened)
    assert inorder[:3] == ["data", "c", "a0"]
    opened.page.click("th button >> text=parameters")
    assert opened.page.get_attribute("th:has-text('parameters')", "aria-sort") == "descending"
    assert first_cells(opened)[:2] == ["c", "a0"]
    opened.page.click("th button >> text=layer")
    names = first_cells(opened)
    assert names[:4] == ["a0", "a1", "a2", "a3"]
    assert names[10] == "a10"  # after a9
    opened.page.click("th button >> text=layer")
    assert first_cells(opened)[0] == "s21"
    opened.page.click("th button >> text=layer")
    assert first_cells(opened) == inorder


def test_the_table_filters_and_chooses(opened: Opened) -> None:
    opened.page.fill("#filter", "eltwise s2")
    assert first_cells(opened) == ["s2", "s20", "s21"]
    assert opened.text("#filtered") == f"3 of {len(from_text(TEXT).layers)} layers"
    opened.page.click("#layers-table tbody tr:has-text('s20')")
    assert opened.chosen() == "s20"


def test_bars_choose(opened: Opened) -> None:
    opened.page.click("#costs figure button >> nth=0")
    assert opened.chosen() == "c"


def test_light_and_dark(browser: Any, tmp_path: Path) -> None:
    opened = open_net(browser, tmp_path, from_text(TEXT), color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = opened.page.evaluate(background)
    opened.page.click("#theme")
    assert opened.page.evaluate(background) == "rgb(255, 255, 255)" != dark
    assert opened.errors == []
    opened.context.close()


def hostile_layers(name: str) -> str:
    """A convolution and a ReLU in place, all names the same."""
    fields = 'bottom: "data" convolution_param { num_output: 4 kernel_size: 3 }'
    return (
        f'layer {{ name: "{name}" type: "Convolution" top: "{name}" {fields} }}\n'
        f'layer {{ name: "r" type: "ReLU" bottom: "{name}" top: "{name}" }}\n'
    )


def test_hostile_names_are_text(browser: Any, tmp_path: Path) -> None:
    name = HOSTILE.replace("\\", "\\\\").replace('"', '\\"')
    text = f'name: "{name}"\n' + given("data", 1, 4, 8, 8) + hostile_layers(name)
    opened = open_net(browser, tmp_path, from_text(text))
    assert opened.page.title().startswith(SCRIPT)
    assert opened.page.locator("script").count() == 2  # the data and the page's own
    opened.page.locator(".drawing:not([hidden]) [data-layers='1 2']").click()
    assert opened.chosen() == HOSTILE
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 1300
    assert opened.errors == []
    opened.context.close()


LOG = """\
I0101 10:00:00.000000     1 solver.cpp:60] Solver scaffolding done.
I0101 10:00:01.000000     1 solver.cpp:228] Iteration 0, loss = 2.5
I0101 10:00:01.000000     1 sgd_solver.cpp:106] Iteration 0, lr = 0.1
I0101 10:00:02.000000     1 solver.cpp:228] Iteration 100, loss = 1.25
I0101 10:00:02.000000     1 sgd_solver.cpp:106] Iteration 100, lr = 0.05
I0101 10:00:03.000000     1 solver.cpp:454] Snapshotting to binary proto file a_iter_100.caffemodel
"""


def test_curves_are_read_by_pointer_and_keys(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(LOG)
    path = tmp_path / "report.html"
    logs = [CheckedLog(parse_log(tmp_path / "log"))]
    path.write_text(page(from_text(TEXT), "net", logs), encoding="utf-8")
    opened = Opened(browser, path)
    chart = opened.page.locator(".chart").first
    chart.focus()
    opened.page.keyboard.press("ArrowLeft")
    assert chart.locator("output").text_content() == "Iteration 0: train loss 2.5 at 0"
    opened.page.keyboard.press("ArrowRight")
    assert chart.locator("output").text_content() == "Iteration 100: train loss 1.25 at 100"
    chart.locator("svg[role=img]").hover(position={"x": 80, "y": 100})
    assert chart.locator("output").text_content() == "Iteration 0: train loss 2.5 at 0"
    assert opened.errors == []
    opened.context.close()


OUTPUTS = "".join(
    f"I0101 10:00:04.000000     1 solver.cpp:404]     Test net output #{n}: o{n} = {0.1 * n}\n"
    for n in range(10)
)
TEST = "I0101 10:00:04.000000     1 solver.cpp:337] Iteration 100, Testing net (#0)\n" + OUTPUTS


@pytest.fixture
def opened_log(browser: Any, tmp_path: Path) -> Iterator[Opened]:
    (tmp_path / "log").write_text(LOG + TEST)
    path = tmp_path / "report.html"
    logs = [CheckedLog(parse_log(tmp_path / "log"))]
    path.write_text(page(from_text(TEXT), "net", logs), encoding="utf-8")
    found = Opened(browser, path)
    yield found
    assert found.errors == []
    found.context.close()


def test_the_legend_toggles_lines(opened_log: Opened) -> None:
    chart = opened_log.page.locator(".chart").nth(1)
    drawn = chart.locator("svg[role=img] g[data-line] path")
    buttons = chart.locator("button[data-line]")
    assert (drawn.count(), buttons.count()) == (8, 10)
    assert chart.locator("[data-chart=count]").text_content() == "8 of 10 lines shown"
    assert drawn.first.bounding_box()["width"] > 3  # a line of one point is a dot
    assert buttons.nth(9).get_attribute("aria-pressed") == "false"
    buttons.nth(9).focus()
    opened_log.page.keyboard.press("Enter")
    assert buttons.nth(9).get_attribute("aria-pressed") == "true"
    assert drawn.count() == 9
    chart.locator("[data-chart=all]").click()
    assert drawn.count() == 10
    assert chart.locator("[data-chart=count]").text_content() == ""
    chart.locator("[data-chart=all]").click()
    assert drawn.count() == 8
    for number in range(8):
        buttons.nth(number).click()
    assert drawn.count() == 0


def test_the_axis_of_values_follows_the_shown_lines(opened_log: Opened) -> None:
    chart = opened_log.page.locator(".chart").nth(1)
    ticks = chart.locator("g[data-part=values] text")
    assert ticks.all_text_contents() == ["0", "0.2", "0.4", "0.6"]
    for number in (1, 2, 3, 4, 5, 6, 7):
        chart.locator("button[data-line]").nth(number).click()
    chart.locator("button[data-line]").nth(9).click()
    assert ticks.all_text_contents() == ["0", "0.2", "0.4", "0.6", "0.8"]


def test_smoothing_keeps_the_raw_values(opened_log: Opened) -> None:
    chart = opened_log.page.locator(".chart").first
    drawn = chart.locator("g[data-line='0'] path")
    raw = drawn.get_attribute("d")
    chart.locator("[data-chart=smoothing]").focus()
    for _ in range(50):
        opened_log.page.keyboard.press("ArrowRight")
    assert drawn.count() == 2
    assert drawn.nth(0).get_attribute("d") == raw
    heights = re.findall(r" ([0-9.]+)", drawn.nth(1).get_attribute("d"))
    # 2.5 and then (2.5 / 4 + 1.25 / 2) / (3 / 4) = 5 / 3 on an axis from 1.25 to 2.5
    assert [float(height) for height in heights] == pytest.approx([12, 12 + 244 * 2 / 3], abs=0.1)
    opened_log.page.keyboard.press("Home")
    assert drawn.count() == 1
    assert drawn.get_attribute("d") == raw


def test_the_logarithmic_scale(opened_log: Opened) -> None:
    chart = opened_log.page.locator(".chart").nth(1)
    button = chart.locator("[data-chart=log]")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert chart.locator("g[data-part=values] text").all_text_contents() == ["0.1", "0.2", "0.5"]
    assert chart.locator("g[data-line='0'] path").get_attribute("d") == ""  # 0 has no logarithm


def test_labels_are_larger_on_a_narrow_screen(opened_log: Opened) -> None:
    label = opened_log.page.locator(".chart .tick").first
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    assert label.evaluate(size) == 10
    opened_log.page.set_viewport_size({"width": 400, "height": 900})
    assert label.evaluate(size) == 17


def test_events_have_a_key(opened_log: Opened) -> None:
    chart = opened_log.page.locator(".chart").first
    assert chart.locator(".chart-events li").all_text_contents() == ["snapshot"]
    assert chart.locator("svg[role=img] .event-snapshot").count() == 1


def test_a_net_of_1300_layers(browser: Any, tmp_path: Path) -> None:
    made = from_text(residual(325))
    assert len(made.layers) > 1300
    opened = open_net(browser, tmp_path, made)
    opened.page.click("[data-do=unfold]")
    opened.page.fill("#search", "b300")
    opened.page.press("#search", "Enter")
    assert opened.chosen() == "b300"
    assert opened.errors == []
    opened.context.close()


def test_the_page_is_read_without_its_script(browser: Any, tmp_path: Path) -> None:
    opened = open_net(browser, tmp_path, from_text(TEXT), java_script_enabled=False)
    assert opened.page.locator("#canvas svg").first.is_visible()
    assert opened.page.locator("#layers-table tbody tr").count() > 80
    opened.context.close()
