from __future__ import annotations

import pytest

from caffetools.layers.blobs import Shape
from caffetools.layers.window import Window
from tests.layers.cases import check_explained, check_refused, layer_text, set_up


def layer(kind: str, field: str, options: str, bottoms: int = 1) -> str:
    names = " ".join(f'bottom: "x{index}"' for index in range(bottoms))
    return f'layer {{ name: "l" type: "{kind}" top: "y" {names}\n  {field} {{ {options} }} }}'


def interp(options: str, bottoms: int = 1) -> str:
    return layer("Interp", "interp_param", options, bottoms)


def upsample(options: str, bottoms: int = 2) -> str:
    return layer("Upsample", "upsample_param", options, bottoms)


def unpooling(options: str, bottoms: int = 2) -> str:
    names = " ".join(f'bottom: "x{index}"' for index in range(bottoms))
    param = f"unpooling_param {{ {options} }}"
    return f'layers {{ name: "l" type: UNPOOLING top: "y" {names}\n  {param} }}'


@pytest.mark.parametrize(
    ("options", "bottom", "height", "width"),
    [
        ("height: 33 width: 65", (1, 19, 8, 16), 33, 65),
        ("zoom_factor: 8", (1, 19, 90, 60), (90 - 1) * 8 + 1, (60 - 1) * 8 + 1),
        ("shrink_factor: 2", (1, 3, 1025, 20), (1025 - 1) // 2 + 1, (20 - 1) // 2 + 1),
        ("zoom_factor: 2 height: 5 width: 5", (1, 1, 3, 4), (3 - 1) * 2 + 1, (4 - 1) * 2 + 1),
        ("shrink_factor: 2 zoom_factor: 3", (1, 1, 6, 9), (5 // 2) * 3 + 1, (8 // 2) * 3 + 1),
        ("shrink_factor: 2 zoom_factor: 3 height: 7 width: 8", (1, 1, 6, 9), 7, 8),
        ("zoom_factor: 2 pad_beg: -1 pad_end: -2", (1, 1, 9, 8), (6 - 1) * 2 + 1, (5 - 1) * 2 + 1),
    ],
)
def test_interp(options: str, bottom: Shape, height: int, width: int) -> None:
    text = interp(options)
    assert set_up(text, bottom).tops == ((*bottom[:2], height, width),)
    check_explained(text, bottom)


def test_interp_to_the_size_of_another_blob() -> None:
    text = interp("use_blob_size: true", bottoms=2)
    assert set_up(text, (2, 5, 7, 7), (2, 3, 40, 50)).tops == ((2, 5, 40, 50),)
    assert check_explained(text, (2, 5, 7, 7), (2, 3, 40, 50)) == [
        "height: 40 = 40",
        "width: 50 = 50",
    ]


def test_interp_of_a_vector() -> None:
    assert set_up(interp("height: 3 width: 4"), (2, 5)).tops == ((2, 5, 3, 4),)


def test_interp_explained() -> None:
    text = interp("shrink_factor: 2 zoom_factor: 3 pad_beg: -1")
    assert check_explained(text, (1, 1, 8, 9)) == [
        "height: floor((8 - 1 - 1) / 2) * 3 + 1 = 10",
        "width: floor((9 - 1 - 1) / 2) * 3 + 1 = 10",
    ]


@pytest.mark.parametrize(
    ("options", "bottom", "top"),
    [
        ("scale: 2", (4, 64, 45, 60), (4, 64, 45 * 2, 60 * 2)),
        ("", (4, 64, 45, 60), (4, 64, 45 * 2, 60 * 2)),
        ("scale: 2 pad_out_h: true", (4, 512, 12, 15), (4, 512, 12 * 2 - 1, 15 * 2)),
        ("scale_h: 2 scale_w: 3", (1, 2, 4, 5), (1, 2, 4 * 2, 5 * 3)),
        ("scale: 2 upsample_h: 23 upsample_w: 30", (1, 512, 12, 15), (1, 512, 23, 30)),
    ],
)
def test_upsample_with_a_mask(options: str, bottom: Shape, top: Shape) -> None:
    assert set_up(upsample(options), bottom, bottom).tops == (top,)
    check_explained(upsample(options), bottom, bottom)


@pytest.mark.parametrize(
    ("options", "bottom", "top"),
    [
        ("scale: 2", (1, 256, 13, 13), (1, 256, 13 * 2, 13 * 2)),
        ("scale: 3", (13, 7), (13 * 3, 7 * 3)),
        ("", (1, 4, 13, 13), (1, 4, 13, 13)),
    ],
)
def test_upsample_without_a_mask(options: str, bottom: Shape, top: Shape) -> None:
    assert set_up(upsample(options, 1), bottom).tops == (top,)
    check_explained(upsample(options, 1), bottom)


@pytest.mark.parametrize(
    ("options", "bottoms", "height", "width"),
    [
        ("unpool: MAX kernel_size: 2 stride: 2 unpool_size: 14", 2, 14, 14),
        ("unpool: AVE kernel_size: 4 unpool_size: 4", 1, 4, 4),
        ("unpool: TILE kernel_h: 3 kernel_w: 2 unpool_h: 12 unpool_w: 10", 1, 12, 10),
    ],
)
def test_unpooling(options: str, bottoms: int, height: int, width: int) -> None:
    text, shapes = unpooling(options, bottoms), [(1, 512, 7, 7)] * bottoms
    assert set_up(text, *shapes).tops == ((1, 512, height, width),)
    check_explained(text, *shapes)


@pytest.mark.parametrize(
    ("text", "bottoms", "windows"),
    [
        (interp("zoom_factor: 2"), 1, None),
        (upsample("scale_h: 2 scale_w: 3"), 2, [Window(2, 2), Window(3, 3)]),
        (upsample("upsample_h: 23 upsample_w: 30"), 2, None),
        (upsample("scale: 4", 1), 1, [Window(4, 4)] * 2),
        (unpooling("kernel_size: 3 stride: 2 unpool_size: 9"), 2, [Window(3, 2)] * 2),
    ],
)
def test_windows(text: str, bottoms: int, windows: list[Window] | None) -> None:
    shapes = ((1, 2, 4, 5),) * bottoms
    layer = set_up(text, *shapes).layer.layer
    assert layer is not None
    assert layer.windows(shapes) == windows


SMALL = (1, 2, 4, 5)


@pytest.mark.parametrize(
    ("text", "bottoms", "line", "column", "fragment"),
    [
        (interp("pad_end: 1 zoom_factor: 2"), (SMALL,), 2, 18, "a pad_end of at most 0, found 1"),
        (interp("height: 4"), (SMALL,), 2, 3, "expected height and width, shrink_factor or"),
        (interp("zoom_factor: 0"), (SMALL,), 2, 18, "zoom_factor of at least 1, found 0"),
        (interp("shrink_factor: -1"), (SMALL,), 2, 18, "shrink_factor of at least 1, found -1"),
        (interp("height: 0 width: 2"), (SMALL,), 2, 18, "a height of at least 1, found 0"),
        (interp("height: 1 width: -2"), (SMALL,), 2, 28, "a width of at least 1, found -2"),
        (interp("use_blob_size: true"), (SMALL,), 2, 18, "a second bottom with the size"),
        (interp("zoom_factor: 2 pad_beg: -4"), (SMALL,), 1, 1, "a crop of 4 exceeds 1 x 2 x 4 x 5"),
        (interp("zoom_factor: 2"), ((1,) * 5,), 1, 1, "expected a bottom of at most 4 axes"),
        (
            upsample("scale: 2 scale_h: 2 scale_w: 2"),
            (SMALL, SMALL),
            2,
            29,
            "expected upsample_h and upsample_w, scale, or scale_h and scale_w",
        ),
        (upsample("scale_w: 2"), (SMALL, SMALL), 2, 20, "or scale_h and scale_w"),
        (upsample("scale: 1"), (SMALL, SMALL), 2, 20, "expected scale of at least 2, found 1"),
        (
            upsample("upsample_h: 1 upsample_w: 2"),
            (SMALL, SMALL),
            2,
            20,
            "expected upsample_h of at least 2, found 1",
        ),
        (
            upsample("scale: 3 pad_out_w: true"),
            (SMALL, SMALL),
            2,
            29,
            "pad_out_w expected a scale of 2, found 3",
        ),
        (upsample(""), (SMALL, (1, 2, 4, 4)), 1, 1, "expected a mask of the shape 1 x 2 x 4 x 5"),
        (upsample(""), ((1, 2), (1, 2)), 1, 1, "expected a bottom of 4 axes, found 1 x 2"),
        (upsample("", 1), ((3,),), 1, 1, "expected a bottom of at least 2 axes, found 3"),
        (upsample("scale: 0", 1), (SMALL,), 2, 20, "expected scale of at least 1, found 0"),
        (unpooling("unpool_size: 8"), (SMALL, SMALL), 2, 3, "kernel_size or kernel_h and"),
        (unpooling("kernel_size: 2"), (SMALL, SMALL), 2, 3, "expected unpool_size, or both"),
        (
            unpooling("kernel_size: 2 unpool_h: 8"),
            (SMALL, SMALL),
            2,
            3,
            "expected unpool_size, or both unpool_h and unpool_w",
        ),
        (
            unpooling("kernel_size: 2 pad: 1 unpool_size: 8"),
            (SMALL, SMALL),
            2,
            36,
            "expected no pad",
        ),
        (
            unpooling("unpool: AVE kernel_size: 2 unpool_size: 8"),
            (SMALL, SMALL),
            2,
            21,
            "a second bottom expected MAX unpooling, found AVE",
        ),
    ],
)
def test_refused(
    text: str, bottoms: tuple[Shape, ...], line: int, column: int, fragment: str
) -> None:
    check_refused(text, bottoms, line, column, fragment)


def parse_net(options: str, bottoms: str = "a") -> str:
    return layer_text("UnPooling", f"unpooling_param {{ {options} }}", bottoms)


def test_those_of_parse_net() -> None:
    text = parse_net("unpool: REP out_kernel_size: 1", "a b")
    assert set_up(text, (2, 512, 1, 1), (2, 256, 40, 60)).tops == ((2, 512, 40, 60),)
    # A kernel and a stride of ceil(10 / 4) = 3, and (3 * 3 + 3 - 10) / 2 = 1 of padding.
    assert set_up(text, (2, 3, 4, 4), (2, 3, 10, 10)).tops == ((2, 3, 3 * 3 + 3 - 2, 10),)
    groups = parse_net("unpool: GROUP", "a b")
    assert set_up(groups, (2, 512, 4, 6), (2, 1, 4, 6)).tops == ((2, 512, 4, 6),)
    expected = "groups of as many items, rows and columns, found 2 x 512 x 4 x 6 and 2 x 1 x 4 x 1"
    check_refused(groups, ((2, 512, 4, 6), (2, 1, 4, 1)), 1, 1, expected)
    text = parse_net("out_kernel_size: 3 out_stride: 2 out_pad: 1")
    assert check_explained(text, (1, 3, 4, 5)) == [
        "height: 2 * (4 - 1) + 3 - 2*1 = 7",
        "width: 2 * (5 - 1) + 3 - 2*1 = 9",
    ]


@pytest.mark.parametrize(
    ("options", "column", "fragment"),
    [
        ("", 1, "out_kernel_size of at least 1, found 0"),
        ("unpool: TILE out_kernel_size: 2", 19, "expected FIXED, DIV, REP or GROUP, found TILE"),
        ("unpool: GROUP", 19, "GROUP expected a second bottom, the groups, found one"),
        ("out_kernel_size: 2 out_pad: 2", 38, "a padding below the kernel, 2, found 2"),
    ],
)
def test_refused_of_parse_net(options: str, column: int, fragment: str) -> None:
    check_refused(parse_net(options), ((1, 3, 4, 4),), 2, column, fragment)
