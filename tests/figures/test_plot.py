"""Figures of curves."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.figures.panels import Selection
from caffetools.figures.plot import Drawing, plot
from caffetools.writing import IMAGE_FORMATS
from tests.logs import SOLVER, line, lines, read, train_log

TESTED = lines("Iteration 20, Testing net (#0)", "    Test net output #0: accuracy = 0.5")
EVENTS = line("Snapshotting to binary proto file x.caffemodel", SOLVER) + line(
    "Check failed: out of memory", SOLVER, severity="F"
)
LOG = read(train_log(range(0, 30, 10)) + TESTED + EVENTS)


def texts(svg: bytes) -> list[str]:
    """What a figure writes, as matplotlib notes it beside the outlines of the letters."""
    found = re.findall(r"<!-- (.*?) -->", svg.decode("utf-8"), re.DOTALL)
    return [text for text in found if text.strip()]


@pytest.mark.parametrize(
    ("form", "head"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
def test_forms(form: str, head: bytes) -> None:
    assert form in IMAGE_FORMATS
    picture = plot([LOG], form)
    assert picture.startswith(head)
    assert picture == plot([LOG], form)


def test_one_run() -> None:
    told = texts(plot([LOG], "svg", drawing=Drawing(title="A title")))
    wanted = ["loss", "accuracy", "v", "learning rate", "iteration", "A title"]
    wanted += ["train loss", "test accuracy", "train v[0]", "train v[1]", "snapshot", "error"]
    assert set(wanted) <= set(told)


def test_runs_overlaid() -> None:
    told = texts(plot([LOG, LOG], "svg", ["first", "second"]))
    assert {"first", "second", "train loss", "test accuracy"} <= set(told)
    assert told.count("first") == told.count("train loss") == 1


@pytest.mark.parametrize(
    ("options", "gone"),
    [
        ({"selection": Selection(rate=False)}, "learning rate"),
        ({"selection": Selection(only=("accuracy",))}, "train v[0]"),
        ({"drawing": Drawing(events=False)}, "snapshot"),
    ],
)
def test_what_can_be_left_out(options: dict[str, Any], gone: str) -> None:
    assert gone in texts(plot([LOG], "svg"))
    assert gone not in texts(plot([LOG], "svg", **options))


@pytest.mark.parametrize(
    ("last", "unit"), [(100, "seconds"), (3000, "minutes"), (9000, "hours"), (400_000, "days")]
)
def test_time(last: int, unit: str) -> None:
    day, rest = divmod(last, 86400)
    time = f"07{21 + day} {rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}.000000"
    log = line("Iteration 0, loss = 1", time="0721 00:00:00.000000")
    log += line("Iteration 1, loss = 2", time=time)
    assert f"time in {unit}" in texts(plot([read(log)], "svg", selection=Selection("time")))


RAW = "raw values behind running means"


def test_smoothing_leaves_what_it_smooths() -> None:
    drawn = [plot([LOG], "svg", drawing=Drawing(n)) for n in (1, 2)]
    training = 3  # the total and two numbers of v
    legends = 2  # of the losses, and of v
    counts = [picture.count(b'id="line2d_') for picture in drawn]
    assert counts[1] - counts[0] == training + legends
    assert [RAW in texts(picture) for picture in drawn] == [False, True]


def test_long_lines_are_smoothed_unasked() -> None:
    logs = [read(lines(*(f"Iteration {i}, loss = {i}" for i in range(n)))) for n in (199, 200)]
    assert [RAW in texts(plot([log], "svg")) for log in logs] == [False, True]  # 200 // 100 = 2


def test_log_scales() -> None:
    log = read(lines(*(f"Iteration {10**i}, loss = {10**i}" for i in range(5))))
    plain, scaled = (
        texts(plot([log], "svg", drawing=Drawing(log_x=on, log_y=on))) for on in (False, True)
    )
    assert plain.count("2,000") == 2
    assert scaled.count("1,000") == scaled.count("10,000") == 2
    assert "2,000" not in scaled


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        (["1", "nan", "nan", "2"], "train loss is NaN from 10 on"),
        (["-inf"], "train loss is -inf from 0 on"),
        (["87.25", *["1", "2"] * 5], "train loss is up to 87.25"),
    ],
)
def test_marks(values: list[str], mark: str) -> None:
    log = read(lines(*(f"Iteration {10 * i}, loss = {value}" for i, value in enumerate(values))))
    told = texts(plot([log], "svg"))
    assert mark in told
    assert "90.0" not in told
    assert f"x: {mark}" in texts(plot([log, LOG], "svg", ["x"]))


def test_many_marks_are_counted() -> None:
    outputs = [f"    Test net output #{i}: a{i} = nan" for i in range(7)]
    told = texts(plot([read(lines("Iteration 5, Testing net (#0)", *outputs))], "svg"))
    assert "and 3 more lines with such marks" in told  # 7 - 4


def test_a_value_between_nans_is_a_point() -> None:
    """Crosses where NaN begins, one more in the legend, and points."""
    for values, marks in ((("2", "3", "nan", "nan"), 1 + 1), (("2", "nan", "3", "nan"), 2 + 1 + 2)):
        log = read(lines(*(f"Iteration {i}, loss = {value}" for i, value in enumerate(values))))
        svg = plot([log], "svg", selection=Selection(rate=False)).decode()
        assert len(re.findall(r"<use [^>]*stroke: #2f6fb3", svg)) == marks


def test_a_resume_is_drawn() -> None:
    log = read(train_log(range(0, 40, 10)) + train_log(range(20, 50, 10), 60))
    assert "resumed" in texts(plot([log], "svg"))


@pytest.mark.parametrize("value", ["nan", "inf", "0", "-1", "1e300", "1e-300"])
def test_odd_values(value: str) -> None:
    log = read(lines(*(f"Iteration {i}, loss = {value}" for i in range(3))))
    drawing = Drawing(smooth=2, log_x=True, log_y=True)
    assert plot([log], "png", drawing=drawing).startswith(b"\x89PNG")


def test_names_that_look_like_something_else() -> None:
    names = ["$a_$b", "_hidden", "\x1b[31m\n", "名前", "$", "\\frac{"]
    log = replace(read(lines("Iteration 0, loss = 1")), name="x" * 500)
    told = texts(plot([log] * 7, "svg", names))
    assert {"$a_$b", "_hidden", "\\frac{", "\\x1b[31m\\n"} <= set(told)
    assert plot([log] * 7, "png", names).startswith(b"\x89PNG")


def test_a_long_vector_is_one_entry() -> None:
    outputs = [f"    Test net output #{i}: ap = 0.{i}" for i in range(9)]
    log = read(lines("Iteration 5, Testing net (#0)", *outputs))
    told = texts(plot([log], "svg"))
    assert told.count("test ap") == 1
    assert not any("ap[" in text for text in told)


def test_a_picture_has_its_size() -> None:
    from matplotlib.image import imread

    # 7.2 inches at 200 dots; panels of 2.3, 2.3, 2.3 and 0.9 inches, half an inch and 3 rows more
    height = round((2.3 * 3 + 0.9 + 0.5 + 3 * 0.145) * 200)
    assert imread(BytesIO(plot([LOG], "png"))).shape[:2] == (height, 1440)


def test_nothing_to_draw() -> None:
    with pytest.raises(CaffeToolsError, match="found no curve"):
        plot([read("")], "png")
