"""Layer types that follow a log."""

from __future__ import annotations

from caffetools.check.printed import Printed
from caffetools.check.tolerant import Tolerant
from caffetools.layers.base import Options
from caffetools.layers.blobs import Shape
from caffetools.log.age import Age
from caffetools.log.logged_net import LoggedNet
from caffetools.net.graph import State, build
from caffetools.net.infer import infer
from caffetools.proto import prototxt
from caffetools.proto.source import Source

DATA = 'layer { name: "a" type: "Input" top: "a" input_param { shape { dim: [2, 4, 6, 6] } } }\n'


def followed(
    layer: str, *logged: Shape, forks: tuple[str, ...] | None = None
) -> tuple[Shape | None, Tolerant]:
    """The shape of the top of a layer `b`, and the types; Caffe printed `logged` of it."""
    text = f'{DATA}layer {{ name: "b" bottom: "a" top: "b" {layer} }}'
    message = prototxt.parse(Source("x", text))
    types = Tolerant({"Odd"}, {"b": logged}, Printed(LoggedNet(1), Age()), forks)
    return infer(build(message, State(), types), Options()).layers[1].tops[0], types


def test_a_known_layer_is_recomputed() -> None:
    assert followed('type: "Flatten"', (2, 9))[0] == (2, 144)


def test_unknown_and_refused_layers_are_the_logs() -> None:
    for layer in ('type: "Odd"', 'type: "Pooling" pooling_param { kernel_size: 0 }'):
        top, types = followed(layer, (2, 9))
        assert top == (2, 9)
        assert list(types.refusals) == ["b"]
        assert followed(layer)[0] is None


def test_a_layer_with_a_field_that_nobody_knows_may_differ() -> None:
    layer = 'type: "Pooling" pooling_param { kernel_size: 2 %s }'
    assert followed(layer % "", (2, 4, 3, 3))[0] == (2, 4, 5, 5)
    top, types = followed(layer % "snap: true", (2, 4, 3, 3))
    assert top == (2, 4, 3, 3)
    assert types.differing == {"b": "2 x 4 x 3 x 3 in the log, 2 x 4 x 5 x 5 in BVLC/caffe"}


def test_a_forks_layer_is_the_logs_where_it_may_be() -> None:
    layer = 'type: "Permute" permute_param { order: [0, 2, 3, 1] }'
    assert followed(layer, (2, 6, 6, 4))[1].differing == {}
    top, types = followed(layer, (2, 36, 4))
    assert top == (2, 36, 4)
    assert types.differing == {"b": "2 x 36 x 4 in the log, 2 x 6 x 6 x 4 in weiliu89/caffe"}
    assert followed(layer, (2, 36, 4), forks=())[0] == (2, 6, 6, 4)
    assert followed(layer, (2, 36, 4), forks=("b",))[0] == (2, 36, 4)
