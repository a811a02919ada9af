from __future__ import annotations

import pytest

from caffetools.layers.blobs import Shape
from tests.layers.cases import check_refused, layer_text, set_up


def detectnet(name: str, bottoms: str, tops: str, param_str: str = "") -> str:
    module = "mean_ap" if name in ("ScoreDetections", "mAP") else "clustering"
    options = f'module: "caffe.layers.detectnet.{module}" layer: "{name}" param_str: "{param_str}"'
    return layer_text("Python", f"python_param {{ {options} }}", bottoms, tops)


@pytest.mark.parametrize(
    ("name", "bottoms", "tops", "param_str", "expected"),
    [
        ("ClusterGroundtruth", ((2, 1, 22, 78), (2, 4, 22, 78)), "y", "1248,352,16", (2, 50, 5)),
        ("ClusterGroundtruth", ((2, 1, 22, 78), (2, 4, 22, 78)), "y", "1, 3, 16, 1", (2, 50, 5)),
        ("ClusterGroundtruth", ((2, 2, 9, 9), (2, 4, 9, 9)), "y z", "1,3,16,2", (2, 50, 5)),
        (
            "ClusterDetections",
            ((2, 1, 22, 78), (2, 4, 22, 78)),
            "y",
            "1248, 352, 16, 0.6, 3, 0.02, 22",
            (2, 50, 5),
        ),
        (
            "ClusterDetections",
            ((2, 3, 22, 78), (2, 4, 22, 78)),
            "x y z",
            "1248, 352, 16, 0.6, 3, 0.02, 22, 3",
            (2, 50, 5),
        ),
        ("ScoreDetections", ((2, 50, 5), (2, 50, 5)), "y", "", (2, 50, 5)),
        ("mAP", ((2, 50, 5),), "x y z", "1248, 352, 16", (1,)),
    ],
)
def test_boxes(
    name: str, bottoms: tuple[Shape, ...], tops: str, param_str: str, expected: Shape
) -> None:
    case = set_up(detectnet(name, "a b"[: 2 * len(bottoms)], tops, param_str), *bottoms)
    assert case.tops == (expected,) * len(tops.split())
    assert (case.params, case.macs, case.notes) == ({}, 0, ())


@pytest.mark.parametrize(
    ("param_str", "bottom", "line", "column", "fragment"),
    [
        (
            "1,3",
            (2, 1, 9, 9),
            2,
            88,
            "expected 1 classes, one per top, at index 3 in param_str, found '1,3'",
        ),
        ("1,3,16,2", (2, 1, 9, 9), 2, 88, "expected 1 classes, one per top, at index 3 in"),
        ("1,3,16,1", (2, 2, 9, 9), 1, 1, "1 classes, one per top, found 2 x 2 x 9 x 9"),
        ("1,3,16,1", (2,), 1, 1, "expected a bottom of at least 2 axes, found 2"),
    ],
)
def test_cluster_refused(
    param_str: str, bottom: Shape, line: int, column: int, fragment: str
) -> None:
    text = detectnet("ClusterGroundtruth", "a b", "y", param_str)
    check_refused(text, (bottom, (2, 4, 9, 9)), line, column, fragment)


def test_score_refused() -> None:
    text = detectnet("ScoreDetections", "a b", "y")
    check_refused(text, ((2, 50, 5), (3, 50, 5)), 1, 1, "boxes of equal images")
    check_refused(text, ((), ()), 1, 1, "boxes of equal images, found scalar and scalar")
