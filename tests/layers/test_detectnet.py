from __future__ import annotations

import pytest

from caffetools.layers.base import Shape
from tests.layers.cases import check_explained, check_refused, layer_text, set_up

IMAGES, BOXES = (10, 3, 384, 1248), (10, 1, 200, 16)


def detectnet(options: str) -> str:
    param = f"detectnet_groundtruth_param {{ {options} }}"
    return layer_text("DetectNetTransformation", param, "data label", "images grid")


@pytest.mark.parametrize(
    ("options", "size", "grid"),
    [
        ("stride: 16 image_size_x: 1248 image_size_y: 384", (384, 1248), (8 + 1, 24, 78)),
        ("", (384, 1248), (8 + 1, 384 // 4, 1248 // 4)),
        (
            "stride: 16 object_class { src: 1 dst: 0 } object_class { src: 8 dst: 1 }",
            (384, 1248),
            (8 + 2, 24, 78),
        ),
        # to the nearest, halves to the even: 62.5, 63.5
        ("stride: 16 image_size_x: 1000 image_size_y: 1016", (1016, 1000), (8 + 1, 64, 62)),
        ("stride: 3 image_size_x: 100 image_size_y: 101", (101, 100), (8 + 1, 34, 33)),
    ],
)
def test_shapes(options: str, size: Shape, grid: Shape) -> None:
    text = detectnet(options)
    case = set_up(text, IMAGES, BOXES)
    assert case.tops == ((10, 3, *size), (10, *grid))
    assert case.params == {}
    assert case.layer.layer is not None
    assert case.layer.layer.windows((IMAGES, BOXES)) is None
    check_explained(text, IMAGES, BOXES)


def test_explained() -> None:
    text = detectnet("stride: 16 image_size_x: 1000 image_size_y: 1024")
    assert check_explained(text, IMAGES, BOXES) == [
        "grid channels: 8 + 1 = 9",
        "grid height: 1024 / 16 = 64",
        "grid width: floor(1000 / 16) = 62",
    ]


@pytest.mark.parametrize(
    ("options", "bottoms", "line", "column", "fragment"),
    [
        ("stride: 0", (IMAGES, BOXES), 2, 31, "expected a stride of at least 1, found 0"),
        (
            "image_size_x: 4294967295",
            (IMAGES, BOXES),
            2,
            31,
            "expected image_size_x below 2^31",
        ),
        ("", ((10, 1, 8, 8), BOXES), 1, 1, "images of 3 channels, found 10 x 1 x 8 x 8"),
        ("", (IMAGES, (9, 1, 200, 16)), 1, 1, "boxes of 10 images, found 9 x 1 x 200 x 16"),
    ],
)
def test_refused(
    options: str, bottoms: tuple[Shape, ...], line: int, column: int, fragment: str
) -> None:
    check_refused(detectnet(options), bottoms, line, column, fragment)
