"""DummyData that stands in for the data of a net to deploy, as an input of the module."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from caffetools.errors import Note
from caffetools.layers.inputs import DummyData
from caffetools.net.net import Net


def with_free_inputs(net: Net) -> Net:
    """Return the net with each DummyData without a data_filler as an input, as it has no values."""
    layers = tuple(
        layer._replace(layer=None)
        if isinstance(layer.layer, DummyData) and not layer.layer.param.has("data_filler")
        else layer
        for layer in net.inferred.layers
    )
    return replace(net, inferred=net.inferred._replace(layers=layers))


def filled_notes(net: Net) -> Iterator[Note]:
    """Yield a note on each DummyData that its data_filler keeps from being an input."""
    for layer in net.layers:
        if isinstance(layer.layer, DummyData):
            text = f"the data_filler of {layer.node.key!a} fills its tops: they are no arguments"
            yield Note(layer.node.message.location(), f"{text}; use Input to pass them")
