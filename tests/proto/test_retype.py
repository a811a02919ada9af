"""Values that were read without a type, read again with one."""

from __future__ import annotations

import pytest

from caffetools.errors import PrototxtError
from caffetools.proto import schema
from caffetools.proto.retype import retype
from tests import nets
from tests.trees import plain

LAYER = schema.message("LayerParameter").fields


def retyped(name: str, text: str) -> object:
    """A field of a V1 layer, which does not have it, as today's layer has it."""
    old = nets.message(text, "V1LayerParameter")
    new = nets.message("", "LayerParameter")
    new.fields[name] = retype(old, name, LAYER[name])
    return plain(new)[name]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("phase", "phase: TEST", ["TEST"]),
        ("phase", "phase: 1", ["TEST"]),
        ("propagate_down", "propagate_down: [true, f, 1]", [True, False, True]),
        ("prelu_param", "prelu_param { channel_shared: true }", [{"channel_shared": [True]}]),
        ("reshape_param", "reshape_param { shape { dim: -1 dim: 0x10 } axis: 1 }",
         [{"shape": [{"dim": [-1, 16]}], "axis": [1]}]),
        ("tile_param", "tile_param { tiles: 2 odd: MAX }", [{"tiles": [2], "odd": ["MAX"]}]),
        ("batch_norm_param", "batch_norm_param { eps: 1 }", [{"eps": [1.0]}]),
        ("clip_param", "clip_param { min: -inf max: 1e3 }",
         [{"min": [float("-inf")], "max": [1000.0]}]),
        ("python_param", "python_param { module: 'a' 'b' }", [{"module": ["ab"]}]),
    ],
)  # fmt: skip
def test_values(name: str, text: str, expected: object) -> None:
    assert retyped(name, text) == expected


def test_types_and_places() -> None:
    old = nets.message("\nprelu_param {\n  filler { type: 'constant' } }", "V1LayerParameter")
    ((value, _),) = retype(old, "prelu_param", LAYER["prelu_param"])
    message = nets.message("", "LayerParameter")
    message.fields["prelu_param"] = [(value, 1)]
    filler = message.message("prelu_param").message("filler")
    assert filler.descriptor is schema.message("FillerParameter")
    assert filler.location() == ("net.prototxt", 3, 3)
    assert filler.location("type") == ("net.prototxt", 3, 12)


@pytest.mark.parametrize(
    ("name", "text", "column", "message"),
    [
        ("phase", "phase: TRAIN phase: TEST", 14, "'phase' is given twice"),
        ("phase", "phase: LATER", 1, "'phase': expected one of TRAIN, TEST, found 'LATER'"),
        ("phase", "phase: 'TEST'", 1, "'phase': expected a value of type enum, found 'TEST'"),
        ("phase", "phase {}", 1, "'phase' is of type enum, found a message"),
        ("prelu_param", "prelu_param: 1", 1, "'prelu_param' is of type message, found a scalar"),
        ("tile_param", "tile_param { tiles: a }", 14, "'tiles': expected an integer, found 'a'"),
        ("python_param", "python_param { module: a }", 16,
         "'module': expected a value of type string, found 'a'"),
        ("tile_param", "tile_param { axis: 1 axis: 2 }", 22, "'axis' is given twice"),
    ],
)  # fmt: skip
def test_refusals(name: str, text: str, column: int, message: str) -> None:
    with pytest.raises(PrototxtError) as caught:
        retyped(name, text)
    assert (caught.value.message, caught.value.location) == (message, ("net.prototxt", 1, column))
