"""The protobuf classes: their defaults, their binary form, and their life beside another schema."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format

from caffetools.proto import schema
from tests.protobuf_classes import file_descriptor, protobuf_classes

ROOT = Path(__file__).parents[1]


def single(value: float) -> float:
    """A number rounded to single precision, which protobuf keeps a float in."""
    rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    return rounded


def test_there_is_a_class_for_every_message() -> None:
    classes = protobuf_classes()
    assert tuple(classes) == schema.messages()
    for name, message_class in classes.items():
        assert message_class.DESCRIPTOR.full_name == f"caffe.{name}"


@pytest.mark.parametrize("name", schema.messages())
def test_defaults_are_the_schema_s(name: str) -> None:
    empty = protobuf_classes()[name]()
    for field in schema.message(name).fields.values():
        value = getattr(empty, field.name)
        if field.repeated:
            assert list(value) == [], field
        elif field.type == "enum":
            assert field.enum is not None
            assert field.enum.names[value] == field.default, field
        elif field.type == "float":
            assert isinstance(field.default, float)
            assert value == single(field.default), field
        elif field.type != "message":
            assert value == field.default, field


def test_a_net_survives_its_binary_form() -> None:
    net_class = protobuf_classes()["NetParameter"]
    text = """
        name: "net"
        layer {
          name: "mbox"
          type: "PriorBox"
          prior_box_param { min_size: 30 min_size: 60 flip: false }
          blobs { shape { dim: 2 } data: 1.5 data: -2 }
          blobs { raw_data_type: FLOAT16 raw_data: "\\000\\377" }
        }
        default_forward_type: FLOAT16
    """
    net = text_format.Parse(text, net_class())
    assert net_class.FromString(net.SerializeToString()) == net


def test_binary_form() -> None:
    """Field and length are one byte each; packed numbers follow each other under one head."""
    blob: Any = protobuf_classes()["BlobProto"](data=[1.0, -2.0])
    blob.shape.dim.extend([2, 1])
    assert blob.SerializeToString() == (
        bytes([5 << 3 | 2, 8])
        + struct.pack("<2f", 1.0, -2.0)
        # shape, and in it dim
        + bytes([7 << 3 | 2, 4, 1 << 3 | 2, 2, 2, 1])
    )


def test_required_fields() -> None:
    clip = protobuf_classes()["ClipParameter"]
    assert not clip(min=0).IsInitialized()
    assert clip(min=0, max=6).IsInitialized()


BESIDE_ANOTHER = """
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
{first}
file = descriptor_pb2.FileDescriptorProto(name="caffe.proto", package="caffe")
net = file.message_type.add(name="NetParameter")
net.field.add(name="theirs", number=1, type="TYPE_STRING", label="LABEL_OPTIONAL")
pool = descriptor_pool.Default()
pool.AddSerializedFile(file.SerializeToString())
theirs = message_factory.GetMessageClass(pool.FindMessageTypeByName("caffe.NetParameter"))
from tests.protobuf_classes import protobuf_classes
ours = protobuf_classes()["NetParameter"]
print(theirs(theirs="net").SerializeToString() == ours(name="net").SerializeToString())
"""


@pytest.mark.parametrize(
    "first",
    ["", "from tests.protobuf_classes import protobuf_classes; protobuf_classes()"],
)
def test_another_caffe_schema_may_stand_beside_ours(first: str) -> None:
    """In a process of its own, since what is once in protobuf's default pool stays there."""
    command = [sys.executable, "-W", "error", "-c", BESIDE_ANOTHER.format(first=first)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_nested_types_stand_in_their_message() -> None:
    file = file_descriptor()
    nested = {
        message.name: [inner.name for inner in message.nested_type]
        for message in file.message_type
        if message.nested_type
    }
    assert nested == {"DetectNetGroundTruthParameter": ["ClassMapping"]}
    assert [enum.name for enum in file.enum_type] == ["Phase", "Type"]


def test_public_caffemodels_are_read(shared: Path) -> None:
    net_class = protobuf_classes()["NetParameter"]
    paths = sorted((shared / "corpus" / "caffemodels").rglob("*.caffemodel"))
    assert paths
    for path in paths:
        net: Any = net_class.FromString(path.read_bytes())
        assert net.layer or net.layers, path
