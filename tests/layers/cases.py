"""One layer, set up as its net would set it up: what the case tables are made of."""

from __future__ import annotations

from math import ceil, floor, trunc
from typing import Any, NamedTuple

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.layers.base import Options
from caffetools.layers.blobs import Shape, count
from caffetools.layers.registry import REGISTRY
from caffetools.layers.window import Window
from caffetools.net.graph import State, build
from caffetools.net.infer import InferredLayer, infer
from caffetools.proto.prototxt import parse
from caffetools.proto.source import Source
from caffetools.proto.upgrade import upgrade

EXTENTS = {"depth": -3, "height": -2, "width": -1}
"""Steps of an explanation that name an axis of the first top."""

AXES = {"num": 0, "channels": 1, **{f"axis {axis}": axis for axis in range(32)}}
"""The same for layers that work on any axis (window.axis_name)."""


class Case(NamedTuple):
    """The one layer of a text, inferred."""

    layer: InferredLayer
    notes: tuple[str, ...]

    @property
    def tops(self) -> tuple[Shape | None, ...]:
        return self.layer.tops

    @property
    def params(self) -> dict[str, Shape]:
        return {param.role: param.shape for param in self.layer.params}

    @property
    def macs(self) -> int | None:
        return self.layer.macs


def layer_text(type_name: str, options: str = "", bottoms: str = "a", tops: str = "y") -> str:
    """A layer with its options in line 2, between blobs whose names are separated by blanks."""
    blobs = [f'bottom: "{name}"' for name in bottoms.split()]
    blobs += [f'top: "{name}"' for name in tops.split()]
    return f'layer {{ name: "l" type: "{type_name}" {" ".join(blobs)}\n{options}\n}}'


def set_up(text: str, *bottoms: Shape, phase: str = "TRAIN", **options: Any) -> Case:
    """The layer of `text` on bottoms of these shapes, in the order in which it first names them.

    `options` are those of `Options`. Raises what Caffe would refuse, placed in `text`.
    """
    net = parse(Source("net.prototxt", text))
    if net.has("layers"):
        net, _ = upgrade(net)
    message = net.messages("layer")[0]
    names = list(dict.fromkeys(message.texts("bottom")))
    assert len(names) == len(bottoms), "a shape for each bottom"
    given = " ".join(f'layer {{ name: "given" type: "Given" top: "{name}" }}' for name in names)
    if given:  # a type that nobody knows makes what the caller says
        net.fields["layer"][:0] = parse(Source("given.prototxt", given)).fields["layer"]
    shapes = {**dict(zip(names, bottoms, strict=True)), **options.pop("input_shapes", {})}
    graph = build(net, State(phase), REGISTRY)
    inferred = infer(graph, Options(input_shapes=shapes, **options))
    layer = next(layer for layer in inferred.layers if layer.node.message is message)
    place = message.location()
    return Case(layer, tuple(note.message for note in inferred.notes if note.location == place))


def bottoms_of(case: Case) -> tuple[Shape, ...]:
    """The shapes that the layer reads, a blob that it reads twice included."""
    return tuple(shape for shape in case.layer.bottoms if shape is not None)


def windows_of(case: Case) -> list[Window] | None:
    """Return how each position of the first top sees the spatial axes of its bottom."""
    assert case.layer.layer is not None
    return case.layer.layer.windows(bottoms_of(case))


def check_explained(text: str, *bottoms: Shape, **options: Any) -> list[str]:
    """Is each formula of the explanation worth its value, and the value that of the layer?

    Returns the lines as `name: formula = value`.
    """
    case = set_up(text, *bottoms, **options)
    assert case.layer.layer is not None
    steps = case.layer.layer.explain(bottoms_of(case))
    top = case.tops[0]
    assert top is not None
    for name, formula, value in steps:
        words = {"floor": floor, "ceil": ceil, "trunc": trunc, "max": max, "__builtins__": {}}
        assert eval(formula, words) == value, f"{name}: {formula}"
        if name in EXTENTS and len(top) > 2:
            assert value == top[EXTENTS[name]], name
        elif name in AXES:
            assert value == top[AXES[name]], name
        elif name in case.params:
            assert value == count(case.params[name]), name
        elif name == "multiply-accumulates":
            assert value == case.macs
    return [f"{name}: {formula} = {value}" for name, formula, value in steps]


def check_refused(
    text: str, bottoms: tuple[Shape, ...], line: int, column: int, fragment: str, **options: Any
) -> None:
    """Is the layer refused at this line and column, with a message that holds `fragment`?"""
    with pytest.raises(CaffeToolsError) as caught:
        set_up(text, *bottoms, **options)
    error = caught.value
    assert error.location == ("net.prototxt", line, column), str(error)
    assert fragment in error.message
    assert "\n" not in str(error)
