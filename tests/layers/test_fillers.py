from __future__ import annotations

import pytest

from caffetools.errors import ShapeError
from caffetools.layers.base import Param
from caffetools.layers.blobs import Shape
from caffetools.layers.fillers import FILLERS, check_filler
from caffetools.proto.message import Message
from caffetools.proto.prototxt import parse
from caffetools.proto.source import Source


def filler(text: str) -> Message:
    return parse(Source("filler.prototxt", text), "FillerParameter")


@pytest.mark.parametrize("kind", ["", *(f'type: "{kind}"' for kind in FILLERS)])
def test_fills_a_kernel(kind: str) -> None:
    assert check_filler(filler(kind), Param("weight", (8, 3, 5, 5))) == ()


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("", ()),
        ('type: "gaussian"', ()),
        ('type: "uniform"', ()),
        ('type: "gaussian" sparse: 0', (3,)),
        ('type: "gaussian" sparse: -1', ()),
        ('type: "xavier"', (3,)),
        ('type: "msra" sparse: -1', (3, 2)),
    ],
)
def test_fills(text: str, shape: Shape) -> None:
    assert check_filler(filler(text), Param("weight", shape)) == ()


def test_unknown_filler_is_noted() -> None:
    notes = check_filler(filler('type: "orthogonal\\n"'), Param("bias", (0,)))
    assert notes == (r"unknown filler 'orthogonal\n' of the bias",)


@pytest.mark.parametrize(
    ("text", "shape", "column", "fragment"),
    [
        (
            'type: "bilinear"',
            (8, 3, 5),
            1,
            "4 axes and a square kernel to fill, the weight is 8 x 3 x 5",
        ),
        ('type: "bilinear"', (8, 3, 5, 4), 1, "the weight is 8 x 3 x 5 x 4"),
        ("value: 1", (8, 0), 1, "the weight of shape 8 x 0 is empty, nothing can be filled"),
        ('type: "positive_unitball"', (0,), 1, "is empty"),
        ('type: "gaussian" sparse: -2', (8,), 18, "expected sparse of at least -1, found -2"),
        ('sparse: 0 type: "uniform"', (8,), 1, "sparse is for gaussian fillers, found uniform"),
        ("sparse: 0", (8,), 1, "sparse is for gaussian fillers, found constant"),
        ('std: 1 type: "xavier"', (), 8, "the filler xavier needs an axis, the weight is a scalar"),
        ('type: "msra"', (), 1, "the filler msra needs an axis"),
        ('type: "positive_unitball"', (), 1, "the filler positive_unitball needs an axis"),
        ('type: "gaussian" sparse: 0', (), 1, "the filler gaussian needs an axis"),
    ],
)
def test_refused(text: str, shape: Shape, column: int, fragment: str) -> None:
    with pytest.raises(ShapeError) as caught:
        check_filler(filler(text), Param("weight", shape))
    assert fragment in caught.value.message
    assert caught.value.location == ("filler.prototxt", 1, column)
