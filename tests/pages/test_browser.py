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
    opened.page.mouse.wheel(0, 100)
    opened.page.wait_for_function("scrollY > 0")
    assert opened.scale() == pytest.approx(fitting)
    opened.page.keyboard.down("Control")
    opened.page.mouse.wheel(0, -300)
    opened.page.keyboard.up("Control")
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
    total = opened.page.locator("#layers-table tfoot td").nth(6)
    opened.page.fill("#filter", "b0 convolution")
    assert total.text_content() == "9,216"  # 4 * 4 * 3 * 3 * 8 * 8
    opened.page.fill("#filter", "s2")
    opened.page.click("#layers-table tbody tr:has-text('s20')")
    assert opened.chosen() == "s20"
    opened.page.fill("#filter", "")
    assert total.text_content() == opened.text("#costs figcaption >> nth=1").partition(": ")[2]


def test_rows_are_reached_by_keys_and_the_panel_comes(opened: Opened) -> None:
    opened.page.focus("#filter")
    opened.page.keyboard.press("Tab")
    while opened.page.evaluate("document.activeElement.className") == "sort":
        opened.page.keyboard.press("Tab")
    focused = "document.activeElement.textContent"
    assert opened.page.evaluate(focused) == "data"
    opened.page.keyboard.press("ArrowDown")
    opened.page.keyboard.press("ArrowDown")
    assert opened.page.evaluate(focused) == "a0"
    opened.page.keyboard.press("Enter")
    assert opened.chosen() == "a0"
    panel = opened.page.locator("#details")
    assert panel.evaluate("element => element === document.activeElement")
    frame = panel.bounding_box()
    assert 0 <= frame["y"] < frame["y"] + frame["height"] <= 900
    opened.page.keyboard.press("Escape")
    assert opened.page.evaluate(focused) == "a0"
    assert panel.get_attribute("class") == ""


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


OUTPUTS = "".join(
    f"I0101 10:00:04.000000     1 solver.cpp:404]     Test net output #{n}: o{n} = {0.1 * n}\n"
    for n in range(10)
)
TEST = "I0101 10:00:04.000000     1 solver.cpp:337] Iteration 100, Testing net (#0)\n" + OUTPUTS


def open_logs(browser: Any, folder: Path, *texts: str) -> Opened:
    logs = []
    for number, text in enumerate(texts):
        path = folder / f"{number}.log"
        path.write_text(text)
        logs.append(CheckedLog(parse_log(path)))
    path = folder / "report.html"
    path.write_text(page(from_text(TEXT), "net", logs), encoding="utf-8")
    opened = Opened(browser, path)
    opened.page.locator("#curves .plot").last.scroll_into_view_if_needed()
    opened.page.wait_for_selector(".chart:last-child .axes path", state="attached")
    opened.page.locator("#curves").scroll_into_view_if_needed()
    return opened


@pytest.fixture
def opened_log(browser: Any, tmp_path: Path) -> Iterator[Opened]:
    found = open_logs(browser, tmp_path, LOG + TEST)
    yield found
    assert found.errors == []
    found.context.close()


def settled(opened: Opened) -> None:
    """Wait until the next frame is drawn."""
    opened.page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")


def paths(chart: Any, line: int) -> list[str]:
    """The paths of a line that are drawn."""
    group = chart.locator("svg[role=img] g[data-line]").nth(line)
    if group.evaluate("group => group.style.display") == "none":
        return []
    found = group.locator("path")
    return [d for n in range(found.count()) if (d := found.nth(n).get_attribute("d"))]


def drawn(chart: Any, lines: int) -> list[int]:
    return [line for line in range(lines) if paths(chart, line)]


def test_curves_are_read_by_pointer_and_keys(opened_log: Opened) -> None:
    chart = opened_log.page.locator(".chart").first
    output = chart.locator("output")
    chart.locator(".plot").focus()
    opened_log.page.keyboard.press("ArrowLeft")
    assert output.inner_text().split() == ["Iteration", "0", "train", "loss", "2.5"]
    opened_log.page.keyboard.press("ArrowRight")
    assert output.inner_text().split() == ["Iteration", "100", "train", "loss", "1.25"]
    opened_log.page.keyboard.press("Escape")
    assert output.is_hidden()
    chart.locator("svg[role=img]").hover(position={"x": 80, "y": 100})
    assert output.inner_text().split() == ["Iteration", "0", "train", "loss", "2.5"]


def test_the_legend_toggles_lines(opened_log: Opened) -> None:
    chart = opened_log.page.locator(".chart").nth(1)
    buttons = chart.locator("button[data-line]")
    status = chart.locator("[role=status]")
    assert buttons.count() == 10
    assert drawn(chart, 10) == list(range(8))
    assert status.text_content() == "8 of 10 lines shown"
    assert buttons.nth(9).get_attribute("aria-pressed") == "false"
    buttons.nth(9).focus()
    opened_log.page.keyboard.press("Enter")
    settled(opened_log)
    assert buttons.nth(9).get_attribute("aria-pressed") == "true"
    assert drawn(chart, 10) == [*range(8), 9]
    chart.locator("[data-chart=all]").click()
    settled(opened_log)
    assert (drawn(chart, 10), status.text_content()) == (list(range(10)), "")
    chart.locator("[data-chart=all]").click()
    settled(opened_log)
    assert drawn(chart, 10) == list(range(8))
    for number in range(8):
        buttons.nth(number).click()
    settled(opened_log)
    assert drawn(chart, 10) == []


def test_the_axis_of_values_follows_the_shown_lines(opened_log: Opened) -> None:
    chart = opened_log.page.locator(".chart").nth(1)
    ticks = chart.locator("text.value")
    assert ticks.all_text_contents() == ["0", "0.2", "0.4", "0.6"]
    for number in (1, 2, 3, 4, 5, 6, 7, 9):
        chart.locator("button[data-line]").nth(number).click()
    settled(opened_log)
    assert ticks.all_text_contents() == ["0", "0.2", "0.4", "0.6", "0.8"]


def losses(values: list[float], stride: int = 1) -> str:
    head = "I0101 10:00:00.000000     1 solver.cpp:228]"
    return "".join(
        f"{head} Iteration {stride * n}, loss = {value}\n" for n, value in enumerate(values)
    )


def test_smoothing_keeps_the_raw_values(browser: Any, tmp_path: Path) -> None:
    opened = open_logs(browser, tmp_path, losses([4, 2, 0]))
    chart = opened.page.locator(".chart").first
    (raw,) = paths(chart, 0)
    opened.page.focus("#smoothing")
    for _ in range(50):
        opened.page.keyboard.press("ArrowRight")
    settled(opened)
    kept, smoothed = paths(chart, 0)
    assert kept == raw
    heights = re.findall(r" ([0-9.]+)", smoothed)
    # 4, (4 / 4 + 2 / 2) / (3 / 4) = 8 / 3 and (4 / 8 + 2 / 4) / (7 / 8) = 8 / 7 of 0 to 4
    expected = [12 + 244 * (1 - value / 4) for value in (4, 8 / 3, 8 / 7)]
    assert [float(height) for height in heights] == pytest.approx(expected, abs=0.1)
    chart.locator(".plot").focus()
    opened.page.keyboard.press("ArrowLeft")
    assert chart.locator("output").inner_text().split()[2:] == [
        *("line", "smoothed", "raw", "iteration", "train", "loss", "2.6667", "2"),
    ]
    opened.page.focus("#smoothing")
    opened.page.keyboard.press("Home")
    settled(opened)
    assert paths(chart, 0) == [raw]
    opened.context.close()


def test_the_logarithmic_scale(opened_log: Opened) -> None:
    chart = opened_log.page.locator(".chart").nth(1)
    button = chart.locator("[data-chart=log]")
    button.click()
    settled(opened_log)
    assert button.get_attribute("aria-pressed") == "true"
    assert chart.locator("text.value").all_text_contents() == ["0.1", "0.2", "0.5"]
    assert paths(chart, 0) == []  # 0 has no logarithm


def test_zoom_on_a_span_of_all_charts_and_back(browser: Any, tmp_path: Path) -> None:
    opened = open_logs(browser, tmp_path, losses([*range(11)], 100), losses([5] * 6, 100))
    opened.page.click("[data-run='1']")
    settled(opened)
    chart = opened.page.locator(".chart").first
    assert drawn(chart, 2) == [0]
    ticks = chart.locator("text.iteration")
    assert ticks.all_text_contents() == ["0", "200", "400", "600", "800", "1,000"]
    frame = chart.locator("svg[role=img]").bounding_box()
    unit = frame["width"] / 720
    y = frame["y"] + 100 * unit
    opened.page.mouse.move(frame["x"] + (62 + 634 * 0.15) * unit, y)
    opened.page.mouse.down()
    opened.page.mouse.move(frame["x"] + (62 + 634 * 0.55) * unit, y, steps=4)
    opened.page.mouse.up()
    settled(opened)
    assert ticks.all_text_contents() == ["200", "300", "400", "500"]
    assert chart.locator("text.value").all_text_contents() == ["2", "3", "4", "5"]
    link = opened.page.get_attribute("#view-link", "href")
    opened.page.click("#whole-span")
    settled(opened)
    assert ticks.count() == 6
    assert opened.page.locator("#whole-span").is_disabled()
    opened.page.goto(opened.page.url.partition("#")[0] + link)
    settled(opened)
    assert ticks.all_text_contents() == ["200", "300", "400", "500"]
    assert drawn(chart, 2) == [0]
    opened.page.locator(".plot").first.focus()
    opened.page.keyboard.press("0")
    settled(opened)
    assert ticks.count() == 6
    assert opened.errors == []
    opened.context.close()


def test_an_outlier_does_not_flatten_the_rest(browser: Any, tmp_path: Path) -> None:
    opened = open_logs(browser, tmp_path, losses([87.3, *(2 - n / 50 for n in range(50))]))
    chart = opened.page.locator(".chart").first
    ticks = chart.locator("text.value")
    assert ticks.all_text_contents() == ["1.2", "1.4", "1.6", "1.8"]
    assert chart.locator("[role=status]").text_content() == "all values: 1.02 to 87.3"
    chart.locator("[data-chart=far]").click()
    settled(opened)
    assert ticks.all_text_contents() == ["20", "40", "60", "80"]
    opened.context.close()


def test_many_rows_are_drawn_by_the_extremes_of_each_pixel(browser: Any, tmp_path: Path) -> None:
    values = [1.0] * 5000
    values[1234] = 1.5
    opened = open_logs(browser, tmp_path, losses(values))
    chart = opened.page.locator(".chart").first
    chart.locator("[data-chart=far]").click()
    settled(opened)
    (path,) = paths(chart, 0)
    assert path.count("L") < 2 * 640
    assert " 12L" in path  # the peak
    opened.context.close()


def test_a_narrow_screen(opened_log: Opened) -> None:
    label = opened_log.page.locator(".chart .tick").first
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    assert label.evaluate(size) == 10
    opened_log.page.set_viewport_size({"width": 400, "height": 900})
    assert label.evaluate(size) == 17
    assert opened_log.page.evaluate("document.documentElement.scrollWidth") == 400
    for cell in opened_log.page.locator("#layers-table tr[data-layer='1'] td").all():
        frame = cell.bounding_box()
        assert frame is None or frame["x"] + frame["width"] <= 400


def test_events_have_a_key(opened_log: Opened) -> None:
    chart = opened_log.page.locator(".chart").first
    key = opened_log.page.locator(".chart-events li")
    assert key.all_text_contents() == ["snapshot"]
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
