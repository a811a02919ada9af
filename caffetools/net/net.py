"""A net as callers see it: loaded from a file, recomputed, and given as data."""

from __future__ import annotations

import gc
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from caffetools.errors import Note
from caffetools.layers import REGISTRY
from caffetools.layers.base import Options, Shape, count
from caffetools.net.cost import Cost, cost
from caffetools.net.graph import State, build
from caffetools.net.infer import Inferred, InferredLayer, infer
from caffetools.net.reading import read_net
from caffetools.net.receptive import Field, Fields, receptive_fields
from caffetools.proto import prototxt
from caffetools.proto.message import Message
from caffetools.proto.source import BinarySource, Source
from caffetools.proto.upgrade import upgrade


@dataclass(frozen=True)
class Net:
    """A net in one state, recomputed; `layers` are its prototxt's, without Caffe's Splits."""

    inferred: Inferred
    notes: tuple[Note, ...]

    @property
    def name(self) -> str:
        """The net's own name, which may be empty."""
        return self.inferred.graph.name

    @property
    def state(self) -> State:
        """Phase, stages and level."""
        return self.inferred.graph.state

    @cached_property
    def layers(self) -> tuple[InferredLayer, ...]:
        """In the order of the file."""
        return tuple(layer for layer in self.inferred.layers if not layer.node.inserted)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The blobs that no layer reads, by name."""
        blobs = self.inferred.graph.blobs
        return tuple(dict.fromkeys(blobs[blob].origin for blob in self.inferred.graph.outputs))

    @cached_property
    def cost(self) -> Cost:
        """The totals."""
        return cost(self.inferred)

    @cached_property
    def needs_backward(self) -> tuple[bool, ...]:
        """The flag of each of `layers`, in the end."""
        pairs = zip(self.inferred.layers, self.inferred.needs_backward, strict=True)
        return tuple(needed for layer, needed in pairs if not layer.node.inserted)

    @cached_property
    def fields(self) -> tuple[Fields, ...]:
        """The receptive fields of the tops of each of `layers`."""
        pairs = zip(self.inferred.layers, receptive_fields(self.inferred), strict=True)
        return tuple(fields for layer, fields in pairs if not layer.node.inserted)

    def blob(self, index: int) -> str:
        """What the prototxt calls a blob of the graph."""
        return self.inferred.graph.blobs[index].origin

    def to_dict(self) -> dict[str, Any]:
        """The net as plain data: the JSON of `caffetools shapes`."""
        rows = zip(self.layers, self.needs_backward, self.fields, strict=True)
        totals = self.cost
        return {
            "name": self.name,
            "phase": self.state.phase,
            "layers": [self._layer(*row) for row in rows],
            "outputs": list(self.outputs),
            "totals": {
                "params": totals.params,
                "learnable_params": totals.learnable_params,
                "frozen_params": totals.frozen_params,
                "statistics": totals.statistics,
                "macs": totals.macs,
                "memory_bytes": totals.memory_bytes,
                "unique_memory_bytes": totals.unique_memory_bytes,
                "gradient_bytes": totals.gradient_bytes,
                "history_bytes": totals.history_bytes,
            },
            "notes": [
                {"location": str(note.location), "message": note.message} for note in self.notes
            ],
        }

    def _layer(self, layer: InferredLayer, needed: bool, fields: Fields) -> dict[str, Any]:
        node = layer.node
        return {
            "name": node.name,
            "key": node.key,
            "type": node.type,
            "location": str(node.message.location()),
            "bottoms": [self.blob(blob) for blob in node.bottoms],
            "tops": [
                {
                    "name": self.blob(blob),
                    "shape": None if shape is None else list(shape),
                    "count": None if shape is None else count(shape),
                }
                for blob, shape in zip(node.tops, layer.tops, strict=True)
            ],
            "params": [
                {
                    "name": blob.name,
                    "role": blob.role,
                    "shape": list(blob.shape),
                    "count": blob.elements,
                    "lr_mult": _number(blob.lr_mult),
                    "decay_mult": _number(blob.decay_mult),
                    "owner": blob.owner,
                }
                for blob in layer.params
            ],
            "macs": layer.macs,
            "needs_backward": needed,
            "receptive_field": None if fields is None else list(map(_field, fields)),
        }


def _number(value: float) -> float | str:
    """The number; in words what JSON has no number for: inf, -inf and nan."""
    return value if math.isfinite(value) else str(value)


def _field(field: Field) -> dict[str, float]:
    return {
        "size": float(field.size),
        "stride": float(field.stride),
        "offset": field.offset,
    }


def infer_net(net: Message, state: State, options: Options, notes: Sequence[Note] = ()) -> Net:
    """Recompute a net of today's form; raises CaffeToolsError, placed, for what Caffe refuses.

    Of a net that a log echoes, the log tells what the data are.
    """
    inferred = infer(build(net, state, REGISTRY), options)
    printed = _printed_shapes(net.source)
    if printed:
        given = {**_as_printed(inferred, printed), **options.input_shapes}
        inferred = infer(inferred.graph, replace(options, input_shapes=given))
    return Net(inferred, (*notes, *inferred.notes))


def _printed_shapes(source: Source) -> dict[str, Shape]:
    """The shapes that a log prints of the tops of data layers, by top; none unless it is a log."""
    if type(source) in {Source, BinarySource}:
        return {}
    from caffetools.log.echo_source import EchoSource

    return source.shapes if isinstance(source, EchoSource) else {}


def _as_printed(net: Inferred, printed: Mapping[str, Shape]) -> dict[str, Shape]:
    """The tops of data layers as a log prints them, but for axes of one: Caffe once had four."""
    blobs = net.graph.blobs
    found: dict[str, Shape] = {}
    for layer in net.layers:
        if layer.node.bottoms or layer.params:
            continue
        for blob, shape in zip(layer.node.tops, layer.tops, strict=True):
            told = printed.get(blobs[blob].name)
            if told is not None:
                is_same = shape is not None and count(shape) == count(told)
                found[blobs[blob].name] = shape if shape and is_same else told
    return found


def load(  # noqa: PLR0917  # the order of these is part of the interface
    path: str | os.PathLike[str],
    phase: str = "train",
    stages: Sequence[str] = (),
    level: int = 0,
    input_shapes: Mapping[str, Shape] | Iterable[tuple[str, Shape]] | None = None,
    data_shape: Shape | None = None,
    batch_size: int | None = None,
) -> Net:
    """Read a net from a prototxt, a solver, a .caffemodel or a log and recompute it.

    `phase`, `stages` and `level` are the state that include and exclude rules are held against;
    `input_shapes` gives shapes by top and goes before what the files say; `data_shape` is one item
    of a data layer, where nothing else tells; `batch_size` takes the place of every batch.
    Raises CaffeToolsError, placed, for a mistake in the input and for what Caffe refuses, and
    ValueError for a phase that is neither train nor test.
    """
    with _collector_paused():
        loaded = read_net(path, _phase(phase))
        state = State(
            loaded.state.phase, (*loaded.state.stages, *stages), level or loaded.state.level
        )
        folder = os.path.dirname(loaded.message.source.name) or "."
        options = Options(dict(input_shapes or {}), data_shape, batch_size, folder)
        return infer_net(loaded.message, state, options, loaded.notes)


def from_text(text: str, name: str = "<text>", phase: str = "train", **options: Any) -> Net:
    """Recompute a net that is given as the text of a prototxt; messages call it `name`.

    `options` are those of `Options`: input_shapes, data_shape, batch_size, folder.
    """
    with _collector_paused():
        message, notes = upgrade(prototxt.parse(Source(name, text)))
        state = State(_phase(phase), tuple(message.message("state").texts("stage")))
        return infer_net(message, state, Options(**options), notes)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Python's garbage collector walks all that lives, again and again as the trees of a net grow.

    They hold no cycles that it could find: without it, a net of 100,000 layers takes two thirds of
    the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _phase(name: str) -> str:
    phase = name.upper()
    if phase not in {"TRAIN", "TEST"}:
        raise ValueError(f"expected the phase train or test, found {name!r}")
    return phase
