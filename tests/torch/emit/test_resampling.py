"""Images made larger or smaller: lines, and results by hand or against plain loops."""

from __future__ import annotations

import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.torch.export.loaded_module import load_module
from tests.torch.emission import Shape, lines, program_of

IMAGE: Shape = (1, 2, 4, 5)
UNPOOL = "unpooling_param { kernel_size: 2 stride: 2 unpool_size: 6"
CASES: tuple[tuple[str, list[Shape], str], ...] = (
    (
        "Interp interp_param { height: 7 width: 9 }",
        [IMAGE],
        'F.interpolate(a, size=(7, 9), mode="bilinear", align_corners=True)',
    ),
    (
        "Interp interp_param { zoom_factor: 2 pad_beg: -1 }",  # 2 * (3 - 1) + 1, 2 * (4 - 1) + 1
        [IMAGE],
        'F.interpolate(a[:, :, 1:, 1:], size=(5, 7), mode="bilinear", align_corners=True)',
    ),
    (
        "Interp interp_param { height: 7 width: 9 pad_beg: -1 pad_end: -2 }",
        [IMAGE],
        'F.interpolate(a[:, :, 1:-2, 1:-2], size=(7, 9), mode="bilinear", align_corners=True)',
    ),
    (
        "Interp interp_param { use_blob_size: true }",
        [IMAGE, (1, 1, 8, 8)],
        'F.interpolate(a, size=b.shape[2:], mode="bilinear", align_corners=True)',
    ),
    ("Upsample", [IMAGE, IMAGE], "unpool(a, b, (8, 10))"),
    (
        "Upsample upsample_param { upsample_h: 9 upsample_w: 11 }",
        [IMAGE, IMAGE],
        "unpool(a, b, (9, 11))",
    ),
    (
        "Upsample upsample_param { scale: 2 pad_out_w: true }",
        [IMAGE, IMAGE],
        "unpool(a, b, (8, 9))",
    ),
    ("Upsample upsample_param { scale: 3 }", [IMAGE], "F.interpolate(a, scale_factor=3)"),
    (f"Unpooling {UNPOOL} }}", [IMAGE], "unpool_to_corners(a, (2, 2), (6, 6))"),
    (f"Unpooling {UNPOOL} }}", [IMAGE, IMAGE], "unpool(a, b, (6, 6))"),
    (
        f"Unpooling {UNPOOL} unpool: AVE }}",
        [IMAGE],
        "unpool_average(a, (2, 2), (2, 2), (6, 6))",
    ),
    (f"Unpooling {UNPOOL} unpool: TILE }}", [IMAGE], "unpool_tile(a, (2, 2), (2, 2), (6, 6))"),
)


@pytest.mark.parametrize(("layer", "bottoms", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], expected: str) -> None:
    assert lines(layer, *bottoms) == [f"y = {expected}"]


@pytest.mark.parametrize(("layer", "bottoms"), [case[:2] for case in CASES])
def test_the_top_has_the_shape_that_caffe_gives_it(layer: str, bottoms: list[Shape]) -> None:
    program = program_of(layer, *bottoms)
    y = load_module(program)(*(torch.zeros(shape) for shape in bottoms))
    assert tuple(y.shape) == program.net.layers[-1].tops[0]


def test_repeated_images_have_four_axes() -> None:
    with pytest.raises(CaffeToolsError, match="four axes, found 4 x 5"):
        lines("Upsample", (4, 5))


def test_corners_stay_and_the_middle_is_blended() -> None:
    module = load_module(program_of("Interp interp_param { height: 3 width: 3 }", (1, 1, 2, 2)))
    y = module(torch.tensor([[0.0, 2], [4, 8]]).reshape(1, 1, 2, 2))
    assert y.flatten().tolist() == [0, 1, 2, 2, 3.5, 5, 4, 6, 8]


def test_values_are_repeated() -> None:
    module = load_module(program_of("Upsample upsample_param { scale: 2 }", (1, 1, 1, 2)))
    y = module(torch.tensor([1.0, 2]).reshape(1, 1, 1, 2))
    assert y.reshape(2, 4).tolist() == [[1, 1, 2, 2]] * 2


def test_values_return_to_where_they_were_found() -> None:
    module = load_module(program_of("Upsample", (1, 1, 1, 2), (1, 1, 1, 2)))
    # The masks count along a top of 2 x 4.
    y = module(*(torch.tensor(row).reshape(1, 1, 1, 2) for row in ([5.0, 6], [4.0, 3])))
    assert y.flatten().tolist() == [0, 0, 0, 6, 5, 0, 0, 0]


@pytest.mark.parametrize(
    ("options", "bottoms", "expected"),
    [
        (
            "unpool: REP out_kernel_size: 2",
            [(1, 3, 1, 1), (1, 3, 5, 7)],
            "unpool_mean(a, (5, 7), (1, 1))",
        ),
        (
            "unpool: DIV out_kernel_size: 3 out_stride: 2 out_pad: 1",
            [(1, 3, 4, 4)],
            "unpool_mean(a, (3, 3), (2, 2), padding=(1, 1), divide=True)",
        ),
        ("unpool: GROUP", [(1, 3, 4, 4), (1, 1, 4, 4)], "unpool_groups(a, b)"),
        (
            "out_kernel_h: 3 out_kernel_w: 5 out_stride: 3",
            [(1, 3, 2, 2)],
            "unpool_to_corners(a, (3, 3), (6, 8), offset=(1, 2))",
        ),
    ],
)
def test_those_of_parse_net(options: str, bottoms: list[Shape], expected: str) -> None:
    assert lines(f"UnPooling unpooling_param {{ {options} }}", *bottoms) == [f"y = {expected}"]
