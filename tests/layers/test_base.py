from __future__ import annotations

import pytest

from caffetools.layers.base import Facts, Layer, Options, Spec
from caffetools.proto.message import Message
from caffetools.proto.prototxt import parse
from caffetools.proto.source import Source


def layer(text: str) -> Message:
    return parse(Source("layer.prototxt", text), "LayerParameter")


def spec(text: str, bottoms: tuple[str, ...], tops: tuple[str, ...]) -> Spec:
    return Spec(layer(text), bottoms, tops, "TRAIN", Options())


def test_spec_knows_its_options() -> None:
    found = spec('name: "l" crop_param { axis: 1 }', (), ())
    assert found.name == "l"
    assert found.param("crop_param").integer("axis") == 1
    assert found.param("tile_param").fields == {}
    assert found.param("tile_param").integer("axis") == 1  # the schema's default


@pytest.mark.parametrize(
    ("bottoms", "tops", "in_place"),
    [
        (("a",), ("a",), [True, False]),
        (("a", "b"), ("x", "b"), [False, True]),
        (("a", "b"), ("b", "a"), [False, False]),
        ((), ("a",), [False, False]),
        (("a",), (), [False, False]),
        ((), (), [False, False]),
    ],
)
def test_in_place_is_by_index(
    bottoms: tuple[str, ...], tops: tuple[str, ...], in_place: list[bool]
) -> None:
    found = spec("", bottoms, tops)
    assert [found.in_place(index) for index in range(2)] == in_place


def test_a_layer_keeps_its_bottom_by_default() -> None:
    default = Layer(spec("", ("a",), ("y",)))
    assert default.facts(((2, 3),)) == Facts(tops=((2, 3),), params=(), macs=0, notes=())
    assert default.explain(((2, 3),)) == []
    assert default.windows(((2, 3),)) == []
