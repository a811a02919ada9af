from __future__ import annotations

import pytest

from caffetools.layers.blobs import Shape
from tests.layers.cases import check_explained, check_refused, layer_text, set_up, windows_of


def correlation(options: str = "kernel_size: 1 max_displacement: 20 stride_2: 2 pad: 20") -> str:
    return layer_text("Correlation", f"correlation_param {{ {options} }}", "a b")


def warp() -> str:
    return layer_text("FlowWarp", "flow_warp_param { fill_value: NOT_A_NUMBER }", "a b")


@pytest.mark.parametrize(
    ("text", "bottoms", "top"),
    [
        (correlation(), ((1, 256, 48, 64),) * 2, (1, (2 * (20 // 2) + 1) ** 2, 48, 64)),
        # 10 + 2 * 3 - 2 * (3 + 1) = 8 rows in steps of 3: 3
        (
            correlation("kernel_size: 3 max_displacement: 3 stride_1: 3 stride_2: 2 pad: 3"),
            ((2, 4, 10, 9),) * 2,
            (2, (2 * (3 // 2) + 1) ** 2, 3, 3),
        ),
        (warp(), ((2, 3, 5, 6), (2, 2, 5, 6)), (2, 3, 5, 6)),
        (layer_text("ChannelNorm"), ((2, 3, 5, 6),), (2, 1, 5, 6)),
    ],
)
def test_shapes(text: str, bottoms: tuple[Shape, ...], top: Shape) -> None:
    assert set_up(text, *bottoms).tops == (top,)
    check_explained(text, *bottoms)


def test_windows() -> None:
    assert windows_of(set_up(layer_text("ChannelNorm"), (2, 3, 5, 6))) == []
    assert windows_of(set_up(warp(), (2, 3, 5, 6), (2, 2, 5, 6))) is None


def test_explained() -> None:
    assert check_explained(correlation(), *((1, 256, 48, 64),) * 2) == [
        "channels: (2 * floor(20 / 2) + 1)**2 = 441",
        "height: ceil((48 + 2*20 - 2*20) / 1) = 48",
        "width: ceil((64 + 2*20 - 2*20) / 1) = 64",
    ]


@pytest.mark.parametrize(
    ("text", "bottoms", "line", "column", "fragment"),
    [
        (correlation("kernel_size: 1"), ((1, 2, 4, 4),) * 2, 2, 1, "expected max_displacement"),
        (
            correlation("kernel_size: 2 max_displacement: 1"),
            ((1, 2, 4, 4),) * 2,
            2,
            21,
            "expected an odd kernel_size, found 2",
        ),
        (
            correlation("kernel_size: 3 max_displacement: 1"),
            ((1, 2, 4, 8),) * 2,
            1,
            1,
            "padded sides over 4, for the border of 2, found 1 x 2 x 4 x 8",
        ),
        (correlation(), ((1, 2, 4, 4), (1, 3, 4, 4)), 1, 1, "the same channels, height and width"),
        (warp(), ((1, 3, 4, 4), (1, 3, 4, 4)), 1, 1, "a flow of 1 x 2 x 4 x 4, found 1 x 3"),
    ],
)
def test_refused(
    text: str, bottoms: tuple[Shape, ...], line: int, column: int, fragment: str
) -> None:
    check_refused(text, bottoms, line, column, fragment)
