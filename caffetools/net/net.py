"""The public net: query it, convert it to JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from caffetools.errors import Note
from caffetools.layers.base import Options
from caffetools.layers.blobs import count
from caffetools.net.certain import Certain, certain
from caffetools.net.cost import Cost, cost
from caffetools.net.graph import State
from caffetools.net.infer import Inferred, InferredLayer
from caffetools.net.receptive import ReceptiveField, ReceptiveFields, receptive_fields

_TOTALS = (
    *("params", "learnable_params", "frozen_params", "statistics", "macs"),
    *("memory_bytes", "unique_memory_bytes", "gradient_bytes", "history_bytes"),
)
"""Names of the totals of a `Cost` in JSON."""


@dataclass(frozen=True)
class Net:
    """A net in one state, with everything that follows from its layers and input shapes.

    `load` and `from_text` return it. A notebook shows its graph and its table.

    Attributes
    ----------
    inferred : Inferred
        All layers and blobs, with the Split layers that Caffe inserts.
    notes : tuple of Note
        Assumptions, oddities and unknowns, each with its location.
    options : Options
        The overrides of shapes with which it was loaded.

    Examples
    --------
    >>> import caffetools
    >>> net = caffetools.load("examples/lenet/train_test.prototxt", "test")
    >>> net.name, net.state.phase, net.outputs
    ('LeNet', 'TEST', ('accuracy', 'loss'))
    >>> conv1 = net.layers[1]
    >>> conv1.node.name, conv1.tops, conv1.macs
    ('conv1', ((100, 20, 24, 24),), 28800000)
    >>> [blob.shape for blob in conv1.params]
    [(20, 1, 5, 5), (20,)]
    >>> net.cost.params, net.cost.memory_bytes
    (431080, 8086808)
    """

    inferred: Inferred
    notes: tuple[Note, ...]
    options: Options = field(default_factory=Options)

    def __repr__(self) -> str:
        layers, params = len(self.layers), self.cost.params
        known = "unknown" if params is None else f"{params:,}"
        return f"<Net {self.name!r}: {self.state.phase}, {layers} layers, {known} parameters>"

    def __getitem__(self, key: str) -> InferredLayer:
        """Return a layer by its name, the second of one name as `name#2`.

        Examples
        --------
        >>> import caffetools
        >>> net = caffetools.load("examples/lenet/deploy.prototxt")
        >>> net["conv1"].type, net["conv1"].tops, net["conv1"].top_names
        ('Convolution', ((64, 20, 24, 24),), ('conv1',))
        """
        for layer in self.layers:
            if layer.node.key == key:
                return layer
        raise KeyError(f"the net has no layer {key!r}")

    @property
    def name(self) -> str:
        """The net's name, possibly empty."""
        return self.inferred.graph.name

    @property
    def state(self) -> State:
        """Phase ("TRAIN" or "TEST"), stages and level."""
        return self.inferred.graph.state

    @cached_property
    def layers(self) -> tuple[InferredLayer, ...]:
        """The layers that the state keeps, in the order of the file, without inserted Splits."""
        return tuple(layer for layer in self.inferred.layers if not layer.node.inserted)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the blobs that no layer reads, sorted."""
        blobs = self.inferred.graph.blobs
        return tuple(dict.fromkeys(blobs[blob].origin for blob in self.inferred.graph.outputs))

    @cached_property
    def cost(self) -> Cost:
        """Totals: parameters, multiply-accumulates, and memory in bytes."""
        return cost(self.inferred)

    @cached_property
    def certain(self) -> Certain:
        """What is known of the net for every data shape, where its own is unknown."""
        return certain(self.inferred, self.options)

    @cached_property
    def known_layers(self) -> tuple[InferredLayer, ...]:
        """As `layers`, with all parameters that do not depend on an unknown data shape."""
        return tuple(layer for layer in self.certain.net.layers if not layer.node.inserted)

    @cached_property
    def needs_backward(self) -> tuple[bool, ...]:
        """Final needs_backward flag of each of `layers`, force_backward included."""
        pairs = zip(self.inferred.layers, self.inferred.needs_backward, strict=True)
        return tuple(needed for layer, needed in pairs if not layer.node.inserted)

    @cached_property
    def fields(self) -> tuple[ReceptiveFields, ...]:
        """Receptive fields of the tops of each of `layers`, one for each spatial axis."""
        pairs = zip(self.inferred.layers, receptive_fields(self.inferred), strict=True)
        return tuple(fields for layer, fields in pairs if not layer.node.inserted)

    def blob(self, index: int) -> str:
        """Return the name in the prototxt of a blob, by its index in the graph."""
        return self.inferred.graph.blobs[index].origin

    def to_dict(self) -> dict[str, Any]:
        """Return the net as plain data: the JSON of `caffetools shapes`.

        Examples
        --------
        >>> import caffetools
        >>> data = caffetools.load("examples/lenet/deploy.prototxt").to_dict()
        >>> data["layers"][0]["tops"]
        [{'name': 'data', 'shape': [64, 1, 28, 28], 'count': 50176}]
        >>> data["totals"]["params"]
        431080
        """
        rows = zip(self.layers, self.needs_backward, self.fields, strict=True)
        return {
            "name": self.name,
            "phase": self.state.phase,
            "layers": [self._layer(*row) for row in rows],
            "outputs": list(self.outputs),
            "totals": {name: getattr(self.cost, name) for name in _TOTALS},
            "notes": [
                {"location": str(note.location), "message": note.message} for note in self.notes
            ],
        }

    def _layer(self, layer: InferredLayer, needed: bool, fields: ReceptiveFields) -> dict[str, Any]:
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
            "receptive_field": None if fields is None else list(map(_field_dict, fields)),
        }


def _number(value: float) -> float | str:
    """Return a number, or as text what JSON lacks: inf, -inf and nan."""
    return value if math.isfinite(value) else str(value)


def _field_dict(one: ReceptiveField) -> dict[str, float]:
    return {"size": float(one.size), "stride": float(one.stride), "offset": one.offset}
