"""Boxes and labels: every text fits, shares show, names are kept short."""

from __future__ import annotations

import pytest

from caffetools.drawing.diagram import Box, Link
from caffetools.drawing.font_metrics import text_width
from caffetools.drawing.layer_box import (
    LargestCost,
    arrow_head,
    blob_label,
    box_picture,
    label_items,
    largest_cost,
    link_tooltip,
    source_names,
)
from caffetools.drawing.scene import Picture, Rect, SceneGroup, Text, flat
from caffetools.drawing.style import STYLES
from caffetools.net.net import Net
from tests.drawing.cases import conv, relu, styles_of
from tests.nets import given, net

TEXT = given("data", 1, 4, 8, 8) + conv("c", "data") + relu("c") + conv("d", "c")


def figure(made: Net, *layers: int, min_width: float = 0) -> Picture:
    return box_picture(made, Box(layers), largest_cost(made), min_width)


def words(found: Picture) -> list[str]:
    return [item.text for item, _, _ in flat(found.items) if isinstance(item, Text)]


def test_scale() -> None:
    made = net(TEXT)
    assert largest_cost(made) == LargestCost(macs=4 * 8 * 8 * 4 * 3 * 3, params=4 * 4 * 3 * 3 + 4)
    assert made.layers[1].owned_params == 148


def test_a_box_says_what_is_in_it() -> None:
    found = figure(net(TEXT), 1, 2)
    assert words(found) == ["c", "Convolution + ReLU", "4 × 3×3×4, pad 1"]
    group = found.items[0]
    assert isinstance(group, SceneGroup)
    assert group.data == (("layers", "1 2"), ("family", "convolution"))
    assert group.title.splitlines() == [
        "c (Convolution)",
        "4 × 3×3×4, pad 1",
        "in place: relu_c (ReLU)",
        "148 parameters",
        "9,216 multiply-accumulates",
    ]
    assert styles_of(found.items)[:5] == [
        "box",
        "shade",
        "family-convolution",
        "gauge",
        "gauge-part",
    ]


def test_a_box_without_cost_is_plain() -> None:
    styles = styles_of(figure(net(TEXT), 0).items)
    assert not {"shade", "gauge"} & set(styles)


def test_a_box_has_the_given_width() -> None:
    assert figure(net(TEXT), 0, min_width=500).width == 500


@pytest.mark.parametrize("name", ["x" * 10_000, "W" * 30, "卷" * 50, "a\\n\\tb"])
def test_every_text_fits_its_box(name: str) -> None:
    found = figure(net(given("data", 1, 4, 8, 8) + conv(name, "data")), 1)
    assert found.width < 300
    for item, _, _ in flat(found.items):
        if isinstance(item, Text):
            style = STYLES[item.style]
            half = text_width(item.text, style.size, style.bold) / 2
            assert item.x - half >= 4
            assert item.x + half <= found.width
            assert item.y <= found.height
            assert "\n" not in item.text


def test_shared_parameters_are_marked() -> None:
    fields = 'param { name: "w" } convolution_param { num_output: 4 kernel_size: 3 }'
    made = net(given("data", 1, 4, 8, 8) + conv("a", "data", fields) + conv("b", "data", fields))
    assert words(figure(made, 2))[-1] == "parameters of a"


def test_label() -> None:
    link = Link(0, "blob", (1, 2), (1,), False)
    assert blob_label(link, named=False).text == "1 × 2"
    assert blob_label(link, named=True).text == "blob  1 × 2"
    assert blob_label(link, named=False, shape="1 × 2…4").text == "1 × 2…4"
    assert blob_label(link, named=False).style == "pill"
    assert blob_label(link._replace(is_output=True), named=False).style == "pill-output"
    assert blob_label(link._replace(name="x" * 999), named=True).width < 220


def test_a_label_names_the_readers_to_which_no_line_leads() -> None:
    made = blob_label(Link(0, "b", (1, 2), (1,), False), named=False, onward=["loss", "top-1"])
    assert made.onward == "→ loss, top-1"
    _, pill, shape, onward = label_items(made, 50, 100)
    assert isinstance(pill, Rect)
    assert isinstance(shape, Text)
    assert isinstance(onward, Text)
    assert onward.x == pill.x + pill.width - 6
    width = text_width(shape.text, STYLES["shape"].size)
    assert shape.x + width / 2 < onward.x - text_width(onward.text, STYLES["reference"].size)


def test_a_box_names_the_sources_from_which_no_line_leads() -> None:
    made = net(TEXT)
    found = box_picture(made, Box((1,)), largest_cost(made), sources=["data", "x" * 99])
    assert words(found)[0] == "data →"
    assert words(found)[2:] == words(figure(made, 1))
    assert found.height == figure(made, 1).height + 15 + 6
    assert source_names([]) == Picture(0, 0, ())
    assert source_names(["y" * 99] * 3).height == 3 * (15 + 6)  # one in a row


def test_long_options_take_several_lines() -> None:
    fields = (
        "convolution_param { num_output: 64 kernel_size: 3 stride_h: 1 stride_w: 2 "
        "pad_h: 11 pad_w: 12 dilation: 2 group: 2 }"
    )
    lines = words(figure(net(given("data", 1, 4, 48, 48) + conv("c", "data", fields)), 1))
    assert lines[2:] == ["64 × 3×3×2, stride 1×2, pad 11×12, dilation 2", "2 groups"]


def test_a_label_holds_its_text() -> None:
    made = blob_label(Link(0, "b", (1, 2), (1,), False), named=True)
    line, pill, text = label_items(made, 50, 100)
    assert isinstance(pill, Rect)
    assert isinstance(text, Text)
    assert pill.y + pill.height == 100
    assert pill.x + pill.width / 2 == text.x == 50
    assert pill.width >= text_width(text.text, STYLES["shape"].size) + 10
    assert line.moves[0].end == (50, pill.y - 5)  # type: ignore[union-attr]


def test_an_arrow_ends_where_it_points() -> None:
    assert arrow_head(3, 4).moves[0].end == (3, 4)


def test_link_title() -> None:
    link = Link(0, "blob", (1, 2), (1, 2), False)
    assert link_tooltip(link, ["a", "b"]) == "blob: 1 × 2, read by a, b"
    assert link_tooltip(link._replace(shape=None), []) == "blob: ?, an output"
