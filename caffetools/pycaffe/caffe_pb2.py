"""`caffe.proto.caffe_pb2`: google.protobuf's classes for all messages and enums of the schema.

They live in a descriptor pool of their own, so that a program may import pycaffe's own `caffe_pb2`,
or anybody's, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from caffetools.proto import schema

PACKAGE = "caffe"


@cache
def _pool() -> DescriptorPool:
    pool = DescriptorPool()
    pool.AddSerializedFile(file_descriptor().SerializeToString())
    return pool


@cache
def protobuf_classes() -> Mapping[str, type[Message]]:
    """Return the class of every message by its name, "LayerParameter" or "Outer.Inner"."""
    return {
        name: GetMessageClass(_pool().FindMessageTypeByName(f"{PACKAGE}.{name}"))
        for name in schema.messages()
    }


def file_descriptor() -> FileDescriptorProto:
    """The schema in protobuf's own terms."""
    file = FileDescriptorProto(name="caffetools/caffe.proto", package=PACKAGE)
    added: dict[str, DescriptorProto] = {}
    for name in schema.messages():
        outer, _, own = name.rpartition(".")
        siblings = added[outer].nested_type if outer else file.message_type
        added[name] = siblings.add(name=own)
        added[name].field.extend(map(field_descriptor, schema.message(name).fields.values()))
    for name in schema.enums():
        outer, _, own = name.rpartition(".")
        values = (added[outer] if outer else file).enum_type.add(name=own).value
        for value, number in schema.enum(name).numbers.items():
            values.add(name=value, number=number)
    return file


def field_descriptor(field: schema.Field) -> FieldDescriptorProto:
    """One field in protobuf's own terms."""
    label = "repeated" if field.repeated else "required" if field.required else "optional"
    descriptor = FieldDescriptorProto(
        name=field.name,
        number=field.number,
        label=FieldDescriptorProto.Label.Value(f"LABEL_{label.upper()}"),
        type=FieldDescriptorProto.Type.Value(f"TYPE_{field.type.upper()}"),
        default_value=field.declared,
    )
    if field.type in ("enum", "message"):
        descriptor.type_name = f".{PACKAGE}.{field.type_name}"
    if field.packed:
        descriptor.options.packed = True
    return descriptor


def _top_level() -> dict[str, object]:
    """Return what protoc's module has: messages, enums and the values of enums."""
    found: dict[str, object] = {
        name: kind for name, kind in protobuf_classes().items() if "." not in name
    }
    for name in schema.enums():
        if "." not in name:
            descriptor = _pool().FindEnumTypeByName(f"{PACKAGE}.{name}")
            found[name] = EnumTypeWrapper(descriptor)
            found |= schema.enum(name).numbers
    return found


DESCRIPTOR = _pool().FindFileByName("caffetools/caffe.proto")
globals().update(_top_level())
