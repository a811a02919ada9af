"""The files of a drawn net."""

from __future__ import annotations

import pytest

from caffetools.drawing.pictures import graph_file, stage_files
from caffetools.errors import CaffeToolsError
from caffetools.net.loading import from_text

NET = from_text(
    'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }\n'
    'layer { name: "a/b c" type: "InnerProduct" bottom: "x" top: "y" '
    "inner_product_param { num_output: 3 } }"
)


@pytest.mark.parametrize(
    ("path", "start"), [("n.svg", b"<svg"), ("n.dot", b"digraph"), ("n.PDF", b"%PDF")]
)
def test_the_extension_decides_the_format(path: str, start: bytes) -> None:
    assert graph_file(NET, path).startswith(start)


def test_another_extension() -> None:
    with pytest.raises(CaffeToolsError, match=r"expected one of \.svg, \.png, \.pdf, \.dot"):
        graph_file(NET, "n.gif")


def test_a_stage_has_a_name_that_every_file_system_takes() -> None:
    assert list(stage_files(NET, "out", "svg")) == ["out/1_a_b_c.svg", "out/all.svg"]
