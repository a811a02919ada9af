"""Nets of 2014: types, `param`, transformations, what forks added."""

from __future__ import annotations

import pytest

from caffetools.errors import PrototxtError
from caffetools.proto import schema
from caffetools.proto.message import Message, Notes
from caffetools.proto.upgrade_v1 import FORK_TYPES, TYPES, retype, upgrade_v1
from tests import nets
from tests.trees import Plain, plain


def upgraded(text: str) -> tuple[Message, list[str]]:
    """The net in today's form, and what was noted."""
    notes = Notes()
    net = upgrade_v1(nets.message(text), notes)
    return net, [note.message for note in notes.all()]


def layer(fields: str) -> Plain:
    """One layer in today's form, of which nothing is noted."""
    net, notes = upgraded(f"layers {{ {fields} }}")
    assert notes == []
    return plain(net.messages("layer")[0])


@pytest.mark.parametrize(("old", "new"), [*TYPES.items(), *FORK_TYPES.items()])
def test_types(old: str, new: str) -> None:
    assert layer(f"type: {old}") == {"type": [new]}


def test_all_types_of_master_have_a_name() -> None:
    enum = schema.enum("V1LayerParameter.LayerType")
    assert set(TYPES) == set(enum.numbers) - set(enum.origins)
    assert not set(TYPES) & set(FORK_TYPES)


def test_an_unknown_type_stays() -> None:
    net, notes = upgraded("layers { type: CCCP } layers { type: CCCP } layers { type: RELU }")
    assert [layer.text("type") for layer in net.messages("layer")] == ["CCCP", "CCCP", "ReLU"]
    assert notes == ["the former layer type 'CCCP' has no known name in today's form (2 times)"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("param: 'w'", "param { name: 'w' }"),
        ("blobs_lr: 1 blobs_lr: 2", "param { lr_mult: 1 } param { lr_mult: 2 }"),
        (
            "weight_decay: 1 weight_decay: 0 blobs_lr: 1",
            "param { lr_mult: 1 decay_mult: 1 } param { decay_mult: 0 }",
        ),
        (
            "param: 'w' param: '' blob_share_mode: PERMISSIVE blobs_lr: 0 weight_decay: 3",
            (
                "param { name: 'w' share_mode: PERMISSIVE lr_mult: 0 decay_mult: 3 }"
                " param { name: '' }"
            ),
        ),
        ("blob_share_mode: 0", "param { share_mode: STRICT }"),
        (
            "name: 'n' bottom: 'a' bottom: 'b' top: 'c' loss_weight: 2 blobs { num: 1 }",
            "name: 'n' bottom: 'a' bottom: 'b' top: 'c' loss_weight: 2 blobs { num: 1 }",
        ),
        ("include { phase: TEST } exclude {}", "include { phase: TEST } exclude {}"),
        ("convolution_param { pad: 1 odd: 2 }", "convolution_param { pad: 1 odd: 2 }"),
        ("odd: 1 odd_param { a: b }", "odd: 1 odd_param { a: b }"),
        ("prelu_param { channel_shared: true }", "prelu_param { channel_shared: true }"),
    ],
)
def test_fields(old: str, new: str) -> None:
    assert layer(old) == plain(nets.message(new, "LayerParameter"))


def test_a_field_of_a_fork_has_the_type_that_today_gives_it() -> None:
    net, _ = upgraded("layers { prelu_param { filler {} } bn_param { shift_filler {} } }")
    layer = net.messages("layer")[0]
    for name in ("prelu_param", "bn_param"):
        assert (
            layer.message(name).descriptor is schema.message("LayerParameter").fields[name].message
        )


def test_a_field_of_a_fork_that_today_cannot_hold() -> None:
    with pytest.raises(PrototxtError) as caught:
        upgraded("layers {\n  tile_param { tiles: 'a' } }")
    assert caught.value.location == ("net.prototxt", 2, 16)


@pytest.mark.parametrize(
    ("type_", "param"),
    [
        ("DATA", "data_param"),
        ("IMAGE_DATA", "image_data_param"),
        ("WINDOW_DATA", "window_data_param"),
    ],
)
def test_transformations(type_: str, param: str) -> None:
    old = f"{param} {{ source: 's' scale: 2 mean_file: 'm' crop_size: 3 mirror: true }}"
    assert layer(f"type: {type_} {old}") == {
        "type": [TYPES[type_]],
        param: [{"source": ["s"]}],
        "transform_param": [{"scale": [2], "mean_file": ["m"], "crop_size": [3], "mirror": [True]}],
    }


def test_a_moved_transformation_goes_before_the_one_that_is_there() -> None:
    given = "transform_param { scale: 1 mirror: true }"
    assert layer(f"type: DATA data_param {{ scale: 2 }} {given}") == {
        "type": ["Data"],
        "data_param": [{}],
        "transform_param": [{"scale": [2], "mirror": [True]}],
    }


@pytest.mark.parametrize(
    "fields",
    [
        "type: HDF5_DATA data_param { scale: 2 }",
        "type: DATA image_data_param { scale: 2 }",
        "type: DATA data_param { batch_size: 2 }",
        "data_param { scale: 2 }",
    ],
)
def test_transformations_that_stay(fields: str) -> None:
    assert "transform_param" not in layer(fields)


def test_places() -> None:
    net, _ = upgraded(
        "layers {\n  weight_decay: 1 type: DATA\n  blobs_lr: 1\n  param: 'w'\n"
        "  data_param { source: 's'\n    crop_size: 3 }\n}"
    )
    layer = net.messages("layer")[0]
    (param,) = layer.messages("param")
    transform = layer.message("transform_param")
    assert layer.location() == net.location("layer") == ("net.prototxt", 1, 1)
    assert layer.location("type") == ("net.prototxt", 2, 19)
    assert layer.location("param") == param.location() == ("net.prototxt", 2, 3)
    assert param.location("lr_mult") == ("net.prototxt", 3, 3)
    assert param.location("name") == ("net.prototxt", 4, 3)
    assert layer.location("data_param") == ("net.prototxt", 5, 3)
    assert transform.location() == transform.location("crop_size") == ("net.prototxt", 6, 5)


def test_the_net_keeps_its_other_fields() -> None:
    net, _ = upgraded("odd: 1 name: 'n' layers {} input: 'a' state { stage: 's' }")
    assert list(net.fields) == ["odd", "name", "layer", "input", "state"]


def test_the_net_given_stays_as_it_is() -> None:
    net = nets.message(
        "layers { type: DATA data_param { scale: 2 } transform_param { scale: 1 } blobs_lr: 1 }"
        "layers { type: BN tile_param { tiles: 1 } }"
    )
    before = plain(net)
    upgrade_v1(net, Notes())
    assert plain(net) == before


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
