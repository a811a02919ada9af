"""The parts of a page."""

from __future__ import annotations

from caffetools.drawing.graph_drawing import draw_graph
from caffetools.pages.net_sections import graph_section, summary, table
from tests.drawing.cases import LABELLED, conv, residual
from tests.nets import given, layer, net


def test_summary() -> None:
    html = summary(net(LABELLED), {})
    # one and two: 2 * (3 * 3 + 3) parameters, 2 * 2 * 3 * 3 multiply-accumulates
    assert '<span class="number">24</span><span>parameters</span>' in html
    assert '<span class="number">36</span><span>multiply-accumulates</span>' in html
    assert "<li><code>label</code>: 2 x 3</li>" in html
    assert "Notes" not in html


def test_notes_are_listed() -> None:
    html = summary(net(layer("NoSuchType", "n", "", "n")), {})
    assert "<details open><summary>Notes (1)</summary>" in html
    assert "<code>net.prototxt:1:1</code>" in html
    assert '<span class="number">?</span><span>parameters</span>' in html


def test_the_graph_folded_and_whole() -> None:
    made = net(residual(9))
    folded, whole = draw_graph(made), draw_graph(made, fold=False)
    html = graph_section(made, folded, whole)
    assert html.count('role="img"') == 2
    assert "Unfold repeated blocks" in html
    plain = graph_section(made, whole, None)
    assert plain.count('role="img"') == 1
    assert "Unfold" not in plain


def test_folded_namespaces_are_a_view_of_their_own() -> None:
    text = given("data", 1, 4, 8, 8) + conv("a/x", "data") + conv("a/y", "a/x")
    made = net(text + conv("a/z", "a/y"))
    html = graph_section(made, draw_graph(made), None, draw_graph(made, spaces=True))
    assert html.count('role="img"') == 2
    assert 'data-view="spaces-graph"' in html
    assert 'data-namespace="a"' in html
    assert "Unfold" not in html


def test_the_table_has_raw_values_to_sort_by() -> None:
    html = table(net(residual(1)))
    assert '<td class="numeric" data-value="9216" data-label="MACs">9,216</td>' in html
    assert (
        '<tr data-layer="1"><td><button type="button" class="link-button">c</button></td>' in html
    )
    assert html.count("<tr") == 1 + 7 + 1


def test_a_long_name_is_cut_in_the_table() -> None:
    html = table(net(layer("NoSuchType", "x" * 10_000, "", "n")))
    assert f">{'x' * 200}…</button>" in html
