from __future__ import annotations

import pytest

from caffetools.layers.blobs import Shape
from tests.layers.cases import check_explained, check_refused, layer_text, set_up

IMAGE = (1, 512, 38, 50)
REGIONS = (300, 5)


def roi(options: str) -> str:
    return layer_text("ROIPooling", f"roi_pooling_param {{ {options} }}", "conv rois")


def psroi(options: str) -> str:
    return layer_text("PSROIPooling", f"psroi_pooling_param {{ {options} }}", "conv rois")


def proposal(options: str, tops: str = "rois") -> str:
    return layer_text("Proposal", f"proposal_param {{ {options} }}", "prob boxes info", tops)


def ohem(options: str) -> str:
    options = f"box_annotator_ohem_param {{ {options} }}"
    return layer_text("BoxAnnotatorOHEM", options, "rois loss labels weights", "y w")


def test_roi_pooling() -> None:
    case = set_up(roi("pooled_h: 7 pooled_w: 6 spatial_scale: 0.0625"), IMAGE, REGIONS)
    assert case.tops == ((300, 512, 7, 6),)
    assert case.params == {}


def test_roi_warping() -> None:
    options = "roi_warping_param { pooled_h: 28 pooled_w: 27 spatial_scale: 0.0625 }"
    text = layer_text("ROIWarping", options, "conv rois")
    assert set_up(text, IMAGE, REGIONS).tops == ((300, 512, 28, 27),)


@pytest.mark.parametrize("regions", [(300, 5), (300, 5, 1, 1)])
def test_psroi_pooling(regions: Shape) -> None:
    text = psroi("spatial_scale: 0.0625 output_dim: 21 group_size: 7")
    bottoms = ((1, 21 * 7 * 7, 38, 50), regions)
    assert set_up(text, *bottoms).tops == ((300, 21, 7, 7),)
    assert check_explained(text, *bottoms) == ["input channels: 21 * 7 * 7 = 1029"]


@pytest.mark.parametrize(
    ("options", "tops", "expected"),
    [
        ("post_nms_topn: 200", "rois", ((2 * 200, 5),)),
        ("", "rois scores", ((2 * 300, 5), (2 * 300,))),
    ],
)
def test_proposal(options: str, tops: str, expected: tuple[Shape, ...]) -> None:
    text, bottoms = proposal(options, tops), ((2, 18, 38, 50), (2, 36, 38, 50), (2, 3))
    case = set_up(text, *bottoms)
    assert case.tops == expected
    rows = expected[0][0]
    assert case.notes == (f"the number of rows depends on the data, at most {rows}",)
    check_explained(text, *bottoms)


def test_box_annotator() -> None:
    bottoms = ((300, 5), (300,), (300, 1, 1, 1), (300, 8))
    case = set_up(ohem("roi_per_img: 128"), *bottoms)
    assert case.tops == ((300, 1, 1, 1), (300, 8, 1, 1))


@pytest.mark.parametrize(
    ("text", "bottoms"),
    [
        (roi("pooled_h: 7 pooled_w: 7"), (IMAGE, REGIONS)),
        (psroi("spatial_scale: 1 output_dim: 512 group_size: 1"), (IMAGE, REGIONS)),
        (proposal(""), (IMAGE, IMAGE, (1, 3))),
        (ohem("roi_per_img: 128"), ((9, 5), (9,), (9,), (9, 8))),
    ],
)
def test_a_region_may_be_anywhere(text: str, bottoms: tuple[Shape, ...]) -> None:
    layer = set_up(text, *bottoms).layer.layer
    assert layer is not None
    assert layer.windows(bottoms) is None


@pytest.mark.parametrize(
    ("text", "bottoms", "line", "column", "fragment"),
    [
        (roi("pooled_h: 7"), (IMAGE, REGIONS), 2, 1, "expected pooled_w of at least 1, found 0"),
        (roi("pooled_h: 2147483648"), (IMAGE, REGIONS), 2, 21, "expected pooled_h below 2^31"),
        (
            psroi("spatial_scale: 1 output_dim: -1 group_size: 1"),
            (IMAGE, REGIONS),
            2,
            40,
            "expected output_dim of at least 1, found -1",
        ),
        (
            psroi("spatial_scale: 1 output_dim: 1 group_size: 0"),
            (IMAGE, REGIONS),
            2,
            54,
            "expected group_size of at least 1, found 0",
        ),
        (
            psroi("spatial_scale: 1 output_dim: 21 group_size: 7"),
            (IMAGE, REGIONS),
            1,
            1,
            "expected 1029 channels, found 512",
        ),
        (proposal(""), ((), (1,), (3,)), 1, 1, "found scalar"),
        (
            ohem("roi_per_img: 0"),
            ((9, 5), (9,), (9,), (9, 8)),
            2,
            28,
            "expected roi_per_img of at least 1, found 0",
        ),
        (
            ohem("roi_per_img: 9"),
            ((9, 4), (9,), (9,), (9, 8)),
            1,
            1,
            "expected a bottom of 9 x 5 x 1 x 1, found 9 x 4",
        ),
        (
            ohem("roi_per_img: 9"),
            ((9, 5), (9,), (9, 2), (9, 8)),
            1,
            1,
            "expected a bottom of 9 x 1 x 1 x 1, found 9 x 2",
        ),
        (
            ohem("roi_per_img: 9"),
            ((9, 5), (9,), (9,), (8, 8)),
            1,
            1,
            "expected a bottom of 9 x 8 x 1 x 1, found 8 x 8",
        ),
    ],
)
def test_refused(
    text: str, bottoms: tuple[Shape, ...], line: int, column: int, fragment: str
) -> None:
    check_refused(text, bottoms, line, column, fragment)
