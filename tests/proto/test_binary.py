"""Binary messages against google.protobuf's, and bytes that are none."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import CaffeToolsError
from caffetools.proto import schema, wire
from caffetools.proto.binary import NUMBERS, parse, serialize, shortest
from caffetools.proto.message import Message, Notes
from caffetools.proto.prototxt import parse as parse_text
from caffetools.proto.schema import Descriptor, Field
from caffetools.proto.source import BinarySource, Source
from tests.protobuf_classes import protobuf_classes
from tests.trees import Plain, as_protobuf, corpus, float32s, messages, plain
from tests.trees import wire as wire_bytes

# Strings are UTF-8 to google.protobuf.
TEXTS = st.text(st.characters(codec="utf-8"), max_size=4)


def read(data: bytes, root: str = "NetParameter") -> tuple[Message, list[str]]:
    """The message in some bytes, and what was noted."""
    notes = Notes()
    message = parse(BinarySource("net.caffemodel"), memoryview(data), notes, root)
    return message, [note.message for note in notes.all()]


def written(root: str, **fields: Any) -> bytes:
    """A message as google.protobuf writes it."""
    data: bytes = protobuf_classes()[root](**fields).SerializePartialToString()
    return data


def without_numbers(tree: Plain) -> Plain:
    """A tree without the elements of its blobs."""
    return {
        name: [without_numbers(value) if isinstance(value, dict) else value for value in values]
        for name, values in tree.items()
        if name not in NUMBERS
    }


@given(messages("LayerParameter", texts=TEXTS))
def test_what_google_protobuf_writes(message: Message) -> None:
    read_back, notes = read(as_protobuf(message).SerializeToString(), "LayerParameter")
    assert without_numbers(plain(read_back)) == without_numbers(plain(message))
    assert notes == []


@given(messages("LayerParameter", texts=TEXTS), messages("SolverParameter", texts=TEXTS))
def test_serialize_as_google_protobuf_does(layer: Message, solver: Message) -> None:
    for message in (layer, solver):
        assert serialize(message) == wire_bytes(as_protobuf(message))


def test_serialize_an_unknown_field_and_an_open_enum() -> None:
    text = "layers { type: CONVOLUTION unheard: 3 } layers { type: 99 }"
    message, _ = read(bytes.fromhex("12 02 28 04 12 02 28 63"))
    assert serialize(message).hex(" ") == "12 02 28 04 12 02 28 63"
    unknown = parse_text(Source("net", text.partition(" layers { type: 99")[0]))
    assert serialize(unknown).hex(" ") == "12 02 28 04"


@given(
    messages("DummyDataParameter", texts=TEXTS), messages("SolverParameter", depth=1, texts=TEXTS)
)
def test_other_messages(dummy: Message, solver: Message) -> None:
    for message, root in ((dummy, "DummyDataParameter"), (solver, "SolverParameter")):
        assert plain(read(as_protobuf(message).SerializeToString(), root)[0]) == plain(message)


@pytest.mark.parametrize(
    ("data", "root", "expected"),
    [
        # tag = number * 8 + wire type; NetParameter: name 1, input_dim 4, force_backward 5
        ("0a 01 61", "NetParameter", {"name": ["a"]}),
        ("0a 01 61 0a 01 62", "NetParameter", {"name": ["b"]}),
        ("0a 02 c3 a9", "NetParameter", {"name": ["\u00e9"]}),
        ("0a 01 ff", "NetParameter", {"name": ["\udcff"]}),
        ("28 02", "NetParameter", {"force_backward": [True]}),
        ("20 01 20 02", "NetParameter", {"input_dim": [1, 2]}),
        ("22 02 01 02 20 03", "NetParameter", {"input_dim": [1, 2, 3]}),
        ("22 00", "NetParameter", {}),
        ("20 ff ff ff ff ff ff ff ff ff 01", "NetParameter", {"input_dim": [-1]}),
        ("20 ff ff ff ff 0f", "NetParameter", {"input_dim": [-1]}),
        # state 6 { level 2, stage 3 }: given twice it is one message.
        ("32 02 10 01 32 03 1a 01 61", "NetParameter", {"state": [{"level": [1], "stage": ["a"]}]}),
        ("32 02 08 01", "NetParameter", {"state": [{"phase": ["TEST"]}]}),
        ("10 ff ff ff ff 1f", "PoolingParameter", {"kernel_size": [2**32 - 1]}),
        ("0a 01 ff", "BlobShape", None),
        ("0a 02 96 01", "BlobShape", {"dim": [22 + 1 * 128]}),
        ("22 01 ff", "Datum", {"data": [b"\xff"]}),
        ("35 00 00 80 3f", "Datum", {"float_data": [1.0]}),
        ("32 08 00 00 80 3f cd cc cc 3d", "Datum", {"float_data": [1.0, 0.1]}),
        # A type of V1 that nobody knows stays as its number.
        ("28 63", "V1LayerParameter", {"type": ["99"]}),
        ("28 04", "V1LayerParameter", {"type": ["CONVOLUTION"]}),
    ],
)
def test_by_hand(data: str, root: str, expected: Plain | None) -> None:
    if expected is None:
        with pytest.raises(CaffeToolsError):
            read(bytes.fromhex(data), root)
    else:
        message, notes = read(bytes.fromhex(data), root)
        assert plain(message) == expected
        assert notes == []


@pytest.mark.parametrize(
    ("data", "note", "fields"),
    [
        ("ba 3e 00", "unknown field number 999 of NetParameter", []),
        ("93 3e 08 01 94 3e", "unknown field number 994 of NetParameter", []),
        # A field whose wire type is not its own is unknown too: name, debug_info.
        ("08 01", "unknown field number 1 of NetParameter", []),
        ("3d 00 00 00 00", "unknown field number 7 of NetParameter", []),
        ("32 02 08 07", "unknown value 7 of Phase", ["state"]),
        (
            "a2 06 03 98 7f 01 a2 06 03 98 7f 01",
            "unknown field number 2035 of LayerParameter (2 times)",
            ["layer"],
        ),
    ],
)
def test_what_the_schema_does_not_know_is_noted(data: str, note: str, fields: list[str]) -> None:
    message, notes = read(bytes.fromhex(data))
    assert notes == [note]
    assert list(message.fields) == fields


def test_types_that_the_schema_may_come_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = [
        Field("big", "1", "optional", "uint64", "-", "-"),
        Field("exact", "2", "repeated", "double", "-", "-"),
    ]
    monkeypatch.setattr(schema, "message", lambda name: Descriptor(name, "-", fields))
    data = b"\x08" + b"\xff" * 9 + b"\x01" + b"\x12\x08" + struct.pack("<d", 0.1)
    message, notes = read(data, "Later")
    assert plain(message) == {"big": [2**64 - 1], "exact": [0.1]}
    assert notes == []


def test_elements_are_stepped_over_and_shapes_kept() -> None:
    blob = {"shape": {"dim": [2, 1]}, "data": [1.0, 2.0], "double_diff": [1.0], "num": 3}
    data = written("NetParameter", layer=[{"name": "ip", "blobs": [blob]}])
    message, _ = read(data)
    (found,) = message.messages("layer")[0].messages("blobs")
    assert plain(found) == {"num": [3], "shape": [{"dim": [2, 1]}]}


def test_an_offset_is_that_of_the_message_in_the_file() -> None:
    inner = written("BlobProto", data=[1.0, 2.0])
    data = written("NetParameter", name="n", layer=[{"blobs": [{"data": [1.0, 2.0]}]}])
    message, _ = read(data)
    (blob,) = message.messages("layer")[0].messages("blobs")
    assert data[blob.offset :] == inner
    assert blob.location() == ("net.caffemodel", None, None)


def test_two_fields_of_one_message_are_one_after_the_other() -> None:
    message, _ = read(bytes.fromhex("0a 01 61 28 01"))
    assert [entries[0][1] for entries in message.fields.values()] == [2, 4]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("ff", "this is no binary NetParameter: the file ends inside a number (byte 0)"),
        ("0a 05 61", "this is no binary NetParameter: field 1 claims 5 bytes where 1 are left"),
        ("0a 01 61 12 05", "the file is cut off or damaged: field 2 claims 5 bytes where 0 are"),
        ("0a 01 61 12 ff ff ff ff ff ff ff ff ff 01", "the file is cut off or damaged: field 2"),
        ("0a 01 61 42 06 0a 05 01", "the file is cut off or damaged: field 8 claims 6 bytes"),
        ("42 03 0a 05 01", "the file is cut off or damaged: field 1 claims 5 bytes where 1 are"),
        ("0a 01 61 22 02 01 ff", "the file is cut off or damaged: the file ends inside a number"),
        ("0a 01 61 7a 03 00", "field 15 claims 3 bytes where 1 are left"),
    ],
)
def test_damaged(data: str, message: str) -> None:
    with pytest.raises(CaffeToolsError) as caught:
        read(bytes.fromhex(data))
    assert message in caught.value.message
    assert caught.value.location == ("net.caffemodel", None, None)


def test_a_part_of_a_number() -> None:
    with pytest.raises(CaffeToolsError, match="field 6 holds a part of a number"):
        read(bytes.fromhex("32 03 00 00 80"), "Datum")


def test_no_message_holds_one_of_its_own_kind() -> None:
    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above
        for field in schema.message(name).fields.values():
            if field.type == "message":
                visit(field.type_name, (*above, name))

    for name in schema.messages():
        visit(name, ())


def test_groups_that_nest_without_an_end() -> None:
    with pytest.raises(CaffeToolsError, match="groups inside each other"):
        read(b"\x0b" * 100_000)


@given(st.data())
def test_any_bytes_are_read_or_refused(data: st.DataObject) -> None:
    message = data.draw(messages("NetParameter", depth=3, texts=TEXTS))
    changed = bytearray(as_protobuf(message).SerializeToString())
    for _ in range(data.draw(st.integers(0, 3))):
        if changed:
            changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        plain(read(bytes(changed))[0])
    except CaffeToolsError:
        return


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.10000000149011612, 0.1),
        (0.0005000000237487257, 0.0005),
        (1.0, 1.0),
        (-0.0, -0.0),
        (16777216.0, 16777216.0),
        (16777217.0, 16777217.0),
        (3.4028234663852886e38, 3.4028235e38),
        (1.401298464324817e-45, 1e-45),
        (math.inf, math.inf),
        (-math.inf, -math.inf),
    ],
)
def test_shortest(value: float, expected: float) -> None:
    result = shortest(value)
    assert (result, math.copysign(1, result)) == (expected, math.copysign(1, expected))


def test_shortest_of_no_number() -> None:
    assert math.isnan(shortest(math.nan))


@given(float32s())
def test_shortest_is_the_decimal_that_was_stored(decimal: float) -> None:
    stored = wire.float32(memoryview(struct.pack("<f", decimal)), 0)
    assert shortest(stored) == decimal or math.isnan(decimal)


def test_real_models(shared: Path) -> None:
    for path in corpus(shared, "caffemodels"):
        data = path.read_bytes()
        theirs = protobuf_classes()["NetParameter"].FromString(data)
        for layer in (*theirs.layer, *theirs.layers):  # type: ignore[attr-defined]
            for blob in layer.blobs:
                for name in NUMBERS:
                    blob.ClearField(name)
        theirs.DiscardUnknownFields()
        assert as_protobuf(read(data)[0]) == theirs
