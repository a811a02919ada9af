"""DOT: nodes, edges, and names that mean nothing to it."""

from __future__ import annotations

from caffetools.drawing.dot import dot
from tests.drawing.cases import conv, relu
from tests.nets import given, net


def test_a_graph() -> None:
    text = 'name: "n"' + given("data", 1, 4, 8, 8) + conv("c", "data") + relu("c")
    assert dot(net(text)).splitlines() == [
        'digraph "n" {',
        '  node [shape=box, style="rounded", fontname="DejaVu Sans", fontsize=10];',
        '  edge [fontname="DejaVu Sans", fontsize=9, color="#7d8995"];',
        '  n0 [label="data\\nInput", color="#6b7683"];',
        '  n1 [label="c\\nConvolution + ReLU\\n4 × 3×3×4, pad 1", color="#2f6fb3"];',
        '  n0 -> n1 [label="1 × 4 × 8 × 8", edgetooltip="data"];',
        "}",
    ]


def test_names_are_text() -> None:
    text = f'name: "q\\"\\\\n\\n"{given("data", 1, 4)}'
    assert dot(net(text)).splitlines()[0] == r'digraph "q\"\\n\\n" {'
