"""Message trees as plain data, as protobuf's messages, and drawn at random."""

from __future__ import annotations

import ctypes
import math
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from caffetools.proto import schema
from caffetools.proto.message import Entry, Message, Value
from caffetools.proto.schema import Field
from caffetools.proto.source import Source
from tests.protobuf_classes import protobuf_classes
from tests.strategies import names

Plain = dict[str, list[Any]]


def corpus(shared: Path, folder: str, step: int = 1) -> list[Path]:
    """Every `step`th of the real files of a kind."""
    return sorted(path for path in (shared / "corpus" / folder).rglob("*") if path.is_file())[
        ::step
    ]


_SOURCE = Source("drawn", "")
_INTEGERS = {
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint32": st.integers(0, 2**32 - 1),
    "uint64": st.integers(0, 2**64 - 1),
}


def plain(message: Message) -> Plain:
    """The fields and values without their places; a NaN, which equals nothing, as a word."""
    return {
        name: [_plain(value) for value, _ in entries] for name, entries in message.fields.items()
    }


def _plain(value: Value) -> Any:
    if isinstance(value, Message):
        return plain(value)
    return "nan" if isinstance(value, float) and math.isnan(value) else value


def as_protobuf(message: Message) -> Any:
    """The same message as google.protobuf has it."""
    assert message.descriptor is not None
    made = protobuf_classes()[message.descriptor.name]()
    for name, entries in message.fields.items():
        field = message.descriptor.fields[name]
        for value, _ in entries:
            if isinstance(value, Message):
                inner = getattr(made, name)
                (inner.add() if field.repeated else inner).MergeFrom(as_protobuf(value))
                if not field.repeated:
                    inner.SetInParent()
            else:
                known = field.enum.numbers[str(value)] if field.enum else value
                if field.repeated:
                    getattr(made, name).append(known)
                else:
                    setattr(made, name, known)
    return made


def wire(message: Any) -> bytes:
    """A protobuf message as bytes, by which messages with NaNs can be compared."""
    data: bytes = message.SerializePartialToString(deterministic=True)
    return data


def float32s() -> st.SearchStrategy[float]:
    """What a field of type float can hold, as the shortest decimal that is it."""
    return st.floats(width=32).map(_shortest32)


def _shortest32(value: float) -> float:
    return next(
        decimal
        for digits in range(1, 10)
        if math.isnan(decimal := float(f"{value:.{digits}g}")) or _float32(decimal) == value
    )


def _float32(value: float) -> float:
    return float(ctypes.c_float(value).value)


def _values(field: Field, depth: int, texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    if field.type == "message":
        return messages(field.type_name, depth - 1, texts)
    if field.enum is not None:
        return st.sampled_from(list(field.enum.numbers))
    if field.type in _INTEGERS:
        return _INTEGERS[field.type]
    return {
        "bool": st.booleans(),
        "float": float32s(),
        "double": st.floats(),
        "string": texts,
        "bytes": st.binary(max_size=5),
    }[field.type]


@st.composite
def messages(
    draw: st.DrawFn,
    type_name: str,
    depth: int = 2,
    texts: st.SearchStrategy[str] = names,
) -> Message:
    """A message of a type with some of its fields, which fit the schema and nothing else."""
    descriptor = schema.message(type_name)
    usable = [f for f in descriptor.fields.values() if depth > 0 or f.type != "message"]
    chosen = draw(st.lists(st.sampled_from(usable), max_size=4, unique=True)) if usable else []
    required = [descriptor.fields[name] for name in descriptor.required]
    fields: dict[str, list[Entry]] = {}
    for field in dict.fromkeys([*chosen, *required]):
        most = 3 if field.repeated else 1
        drawn = draw(st.lists(_values(field, depth, texts), min_size=1, max_size=most))
        fields[field.name] = [(value, 0) for value in drawn]
    return Message(descriptor, _SOURCE, 0, fields)
