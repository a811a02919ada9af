from __future__ import annotations

import pytest

from caffetools.layers.blobs import Shape
from tests.layers.cases import check_refused, layer_text, set_up


def segmentation(name: str, tops: str, param_str: str = "") -> str:
    module, _, layer = name.rpartition(".")
    options = f'module: "{module}" layer: "{layer}" param_str: "{param_str}"'
    return layer_text("Python", f"python_param {{ {options} }}", "", tops)


@pytest.mark.parametrize(
    ("name", "tops", "param_str", "expected"),
    [
        ("voc_layers.VOCSegDataLayer", "data label", "", (3, 1)),
        ("voc_layers.SBDDSegDataLayer", "data label", "", (3, 1)),
        ("pascalcontext_layers.PASCALContextSegDataLayer", "data label", "", (3, 1)),
        ("siftflow_layers.SIFTFlowSegDataLayer", "data sem geo", "", (3, 1, 1)),
        (
            "nyud_layers.NYUDSegDataLayer",
            "color depth hha label",
            "{'tops': ['color', 'depth', 'hha', 'label'], 'seed': 1337}",
            (3, 1, 3, 1),
        ),
        ("nyud_layers.NYUDSegDataLayer", "data label", "{'tops': ['hha', 'label']}", (3, 1)),
    ],
)
def test_an_image_and_its_classes(
    name: str, tops: str, param_str: str, expected: tuple[int, ...]
) -> None:
    text = segmentation(name, tops, param_str)
    shapes: tuple[Shape, ...] = tuple((1, channels, 500, 400) for channels in expected)
    case = set_up(text, data_shape=(3, 500, 400), batch_size=8)
    assert (case.tops, case.macs, case.notes) == (shapes, 0, ())
    case = set_up(text)
    assert case.tops == (None,) * len(expected)
    first = tops.split(maxsplit=1)[0]
    hint = f"--data-shape C,H,W or --input-shape {first}=N,C,H,W"
    assert case.notes == (f"the size is that of the first image; pass {hint}",)
    assert set_up(text, data_shape=(500,)).tops[0] is None


def test_refused() -> None:
    check_refused(segmentation("voc_layers.VOCSegDataLayer", "data"), (), 1, 34, "expects 2 tops")
    text = segmentation("nyud_layers.NYUDSegDataLayer", "data label", "{'tops': ['color']}")
    check_refused(
        text, (), 2, 64, "expected for each top one of color, hha, depth, label in param_str"
    )
    text = segmentation("nyud_layers.NYUDSegDataLayer", "data", "{'tops': ['colour']}")
    check_refused(
        text, (), 2, 64, "expected for each top one of color, hha, depth, label in param_str"
    )
