"""How long it takes to lay out, draw and report a net of 1,300 layers, and what came of it.

    python tests/benchmarks/bench_draw.py

Not part of the test suite.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from caffetools.drawing.graph_drawing import draw_graph
from caffetools.drawing.graph_page import graph_scene
from caffetools.drawing.svg import svg
from caffetools.net.loading import from_text
from caffetools.pages.page import page

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.drawing.cases import residual

BLOCKS = 325


def main() -> None:
    net = from_text(residual(BLOCKS))
    for fold in (False, True):
        start = time.perf_counter()
        drawn = draw_graph(net, fold)
        laid_out = time.perf_counter()
        text = svg(graph_scene(net, fold))
        done = time.perf_counter()
        print(
            f"{len(net.layers):,} layers, {'folded' if fold else 'in full'}: laid out in "
            f"{laid_out - start:.2f} s with {drawn.layout.crossings} crossings, "
            f"drawn anew in {done - laid_out:.2f} s as {len(text):,} bytes of SVG"
        )
    start = time.perf_counter()
    text = page(net, "net.prototxt")
    print(f"report: {time.perf_counter() - start:.2f} s, {len(text.encode()):,} bytes")


if __name__ == "__main__":
    main()
