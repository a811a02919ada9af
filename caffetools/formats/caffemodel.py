"""Protobuf files of numbers: `wire` walks the structure, the numbers are views of the file."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.stored import Shape, StoredBlob, StoredLayer, Weights
from caffetools.proto import schema, upgrade_v0, upgrade_v1, wire
from caffetools.proto.wire import FIXED32, FIXED64, LENGTH, VARINT

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEGACY_SHAPE = ("num", "channels", "height", "width")
_NUMBERS = {"data": ("<f4", FIXED32), "double_data": ("<f8", FIXED64)}
"""The fields of a BlobProto that hold its numbers: their type, and their wire type one by one."""

_RAW_NUMBERS = {"DOUBLE": "<f8", "FLOAT": "<f4", "FLOAT16": "<f2", "INT": "<i4", "UINT": "<u4"}
"""What NVCaffe's raw_data_type says of raw_data."""

_LOOKED_AT = 50
"""Fields after which the kind of a file is clear."""

Named = tuple[str, wire.Field]


def parse(buffer: memoryview, path: str, kind: str) -> Weights:
    """What the bytes of a file of this kind hold.

    Raises CaffeToolsError, placed at the file, for bytes that are no such file, and for a blob
    whose numbers do not fill its shape.
    """
    readers = {"caffemodel": _caffemodel, "binaryproto": _binaryproto, "solverstate": _solverstate}
    try:
        return readers[kind](buffer, path)
    except wire.WireError as error:
        text = f"this is no .{kind}, or it is cut off or damaged: {error}"
        raise CaffeToolsError(text, Location(path)) from None
    except CaffeToolsError as error:
        raise error.at(Location(path)) from None


def guess_kind(buffer: memoryview) -> str:
    """Of what kind a file is, by the fields that it begins with."""
    seen = set()
    try:
        for field, _ in zip(wire.fields(buffer), range(_LOOKED_AT), strict=False):
            seen.add((field.number, field.wire_type))
    except wire.WireError:
        return "caffemodel"
    if (1, VARINT) in seen and seen & {(2, LENGTH), (3, LENGTH)}:
        return "solverstate"
    is_net = (1, LENGTH) in seen or (2, LENGTH) in seen or any(number > 13 for number, _ in seen)
    return "caffemodel" if is_net else "binaryproto"


def _caffemodel(buffer: memoryview, path: str) -> Weights:
    name, layers = "", []
    for field, found in _fields(buffer, "NetParameter", 0, len(buffer)):
        if field == "name":
            name = _text(buffer, found)
        elif field == "layer":
            layers.append(_layer(buffer, "LayerParameter", found.start, found.end))
        elif field == "layers":
            layers.append(_layer(buffer, "V1LayerParameter", found.start, found.end))
    return Weights(path, "caffemodel", name, tuple(layers))


def _binaryproto(buffer: memoryview, path: str) -> Weights:
    blob = _blob(buffer, 0, len(buffer), "the blob")
    return Weights(path, "binaryproto", "", (StoredLayer("", "", (blob,)),))


def _solverstate(buffer: memoryview, path: str) -> Weights:
    numbers: dict[str, int] = {}
    learned_net: str | None = None
    history: list[StoredBlob] = []
    for field, found in _fields(buffer, "SolverState", 0, len(buffer)):
        if field == "history":
            what = f"blob {len(history)} of the history"
            history.append(_blob(buffer, found.start, found.end, what))
        elif field == "learned_net":
            learned_net = _text(buffer, found)
        elif found.wire_type == VARINT:
            numbers[field] = wire.signed(found.value, 32)
    return Weights(
        path,
        "solverstate",
        "",
        (StoredLayer("", "", tuple(history)),),
        numbers.get("iter", 0),
        numbers.get("current_step", 0),
        learned_net,
    )


def _layer(buffer: memoryview, message: str, start: int, end: int) -> StoredLayer:
    """The name, type and blobs of a layer of any age."""
    name, kind = "", ""
    places: list[wire.Field] = []
    for field, found in _fields(buffer, message, start, end):
        if field == "layer":
            # V0: all of the layer stands in a message within.
            return _layer(buffer, "V0LayerParameter", found.start, found.end)
        if field == "name":
            name = _text(buffer, found)
        elif field == "type":
            kind = _type(buffer, message, found)
        elif field == "blobs":
            places.append(found)
    blobs = (
        _blob(buffer, place.start, place.end, f"blob {index} of layer {name!a}")
        for index, place in enumerate(places)
    )
    return StoredLayer(name, kind, tuple(blobs))


def _type(buffer: memoryview, message: str, found: wire.Field) -> str:
    """Today's name of a layer's type."""
    if message == "LayerParameter":
        return _text(buffer, found)
    if message == "V0LayerParameter":
        text = _text(buffer, found)
        old = upgrade_v0.TYPES.get(text, text)
    else:
        names = schema.message(message).fields["type"].enum
        old = names.names.get(found.value, "") if names else ""
    return {**upgrade_v1.TYPES, **upgrade_v1.FORK_TYPES}.get(old, old)


def _blob(buffer: memoryview, start: int, end: int, what: str) -> StoredBlob:
    """The shape and the numbers of a BlobProto."""
    legacy: dict[str, int] = {}
    dims: list[int] = []
    pieces: dict[str, list[NDArray[Any]]] = {}
    raw_type = "DOUBLE"
    position = start
    while position < end:
        position, after = end, position
        for field, found in _fields(buffer, "BlobProto", after, end):
            if field in _LEGACY_SHAPE and found.wire_type == VARINT:
                legacy[field] = wire.signed(found.value, 32)
            elif field == "shape":
                dims.extend(_dims(buffer, found.start, found.end))
            elif field == "raw_data_type":
                kind = schema.message("BlobProto").fields[field].enum
                raw_type = kind.names.get(found.value, "") if kind else ""
            elif field == "raw_data":
                pieces["raw_data"] = [_packed(buffer, found, _RAW_NUMBERS.get(raw_type, "<f8"))]
            elif field in _NUMBERS and found.wire_type == LENGTH:
                pieces.setdefault(field, []).append(_packed(buffer, found, _NUMBERS[field][0]))
            elif field in _NUMBERS and found.wire_type == _NUMBERS[field][1]:
                run, position = _run(buffer, found, _NUMBERS[field][0], end)
                pieces.setdefault(field, []).append(run)
                break
    shape = tuple(legacy.get(name, 0) for name in _LEGACY_SHAPE) if legacy else tuple(dims)
    return StoredBlob(shape, _filling(shape, pieces, what))


def _dims(buffer: memoryview, start: int, end: int) -> Iterator[int]:
    for field, found in _fields(buffer, "BlobShape", start, end):
        if field == "dim" and found.wire_type == VARINT:
            yield wire.signed(found.value)
        elif field == "dim":
            yield from map(wire.signed, wire.packed_varints(buffer, found.start, found.end))


def _packed(buffer: memoryview, found: wire.Field, kind: str) -> NDArray[Any]:
    """The numbers that stand side by side in a field."""
    import numpy as np

    dtype = np.dtype(kind)
    count, rest = divmod(found.end - found.start, dtype.itemsize)
    if rest:
        raise wire.WireError(f"field {found.number} ends inside a number", found.start)
    values: NDArray[Any] = np.ndarray(count, dtype, buffer, found.start)
    return values


def _run(buffer: memoryview, found: wire.Field, kind: str, end: int) -> tuple[NDArray[Any], int]:
    """The numbers of a row of fields, each with its own tag, and the position after them."""
    import numpy as np

    dtype = np.dtype(kind)
    tag, stride = found.number << 3 | found.wire_type, dtype.itemsize + 1
    most = (end - found.start + 1) // stride
    tags = np.ndarray(most, np.uint8, buffer, found.start - 1, (stride,))
    count = window = 1
    # Looked at in growing steps, so that many short rows take no longer than one long one.
    while count < most:
        same = tags[count : count + window] == tag
        if not same.all():
            count += int(same.argmin())
            break
        count += same.size
        window *= 2
    values = np.ndarray(count, dtype, buffer, found.start, (stride,))
    return values, found.start + (count - 1) * stride + dtype.itemsize


def _filling(shape: Shape, pieces: dict[str, list[NDArray[Any]]], what: str) -> NDArray[Any]:
    """The numbers of a blob; raises CaffeToolsError unless they fill its shape."""
    import numpy as np

    field = next((name for name in ("raw_data", "double_data", "data") if name in pieces), None)
    found = pieces[field] if field else [np.zeros(0, np.float32)]
    values: NDArray[Any] = found[0] if len(found) == 1 else np.concatenate(found)
    if min(shape, default=0) < 0 or prod(shape) != values.size:
        dims = " x ".join(map(str, shape)) or "scalar"
        raise CaffeToolsError(f"{what} has the shape {dims} and {values.size} numbers")
    return values


def _fields(buffer: memoryview, message: str, start: int, end: int) -> Iterator[Named]:
    """The fields that the schema knows, by name."""
    known = schema.message(message).by_number
    for found in wire.fields(buffer, start, end):
        if found.number in known:
            yield known[found.number].name, found


def _text(buffer: memoryview, found: wire.Field) -> str:
    return str(buffer[found.start : found.end], "utf-8", "surrogateescape")
