"""Pages: title, legend, description."""

from __future__ import annotations

from caffetools.drawing.graph_page import graph_scene, heading
from caffetools.drawing.scene import Text, flat
from tests.drawing.cases import check_scene, conv, residual
from tests.nets import given, layer, net


def test_heading() -> None:
    made = net(f'name: "n" {residual(1)}')
    # c, a0 and b0: 3 * (4 * 4 * 3 * 3 + 4) and 3 * 8 * 8 * 4 * 4 * 3 * 3
    totals = "train phase, 7 layers, 444 parameters, 27.6 k multiply-accumulates"
    assert heading(made) == ("n", totals)
    assert heading(net(residual(1)))[0] == "net without a name"


def test_the_totals_are_not_shortened() -> None:
    text = layer("Data", "d", "", "d", "data_param { batch_size: 1 }") + conv("e", "d")
    made = net(text + given("data", 1, 4, 8, 8) + conv("c", "data"))
    _, totals = heading(made)
    # 148 of c, and the bias of e: 4
    assert totals.endswith("at least 152 parameters, at least 9.22 k multiply-accumulates")
    assert totals in [
        item.text for item, _, _ in flat(graph_scene(made).items) if isinstance(item, Text)
    ]


def test_description() -> None:
    scene = graph_scene(net(residual(4)))
    assert scene.description.endswith("4 equal blocks are drawn once.")


def test_the_legend_tells_where_most_is() -> None:
    text = given("data", 1, 4, 8, 8) + conv("c", "data")
    words = [
        item.text
        for item, _, _ in flat(graph_scene(net(text)).items)
        if isinstance(item, Text) and item.style == "legend"
    ]
    assert words == [
        "data",
        "convolution",
        "multiply-accumulates, most in c: 100 %",
        "parameters, most in c: 100 %",
    ]


def test_an_empty_net_has_a_page_too() -> None:
    scene = graph_scene(net(""))
    check_scene(scene)
    assert scene.width > 400


def test_a_long_name_stays_on_the_page() -> None:
    scene = graph_scene(net(f'name: "{"x" * 10_000}" {residual(1)}'))
    assert scene.width < 900
    check_scene(scene)
