"""Small nets as text, and what becomes of them on each step from the text to the whole net."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from caffetools.layers.base import Options
from caffetools.layers.registry import REGISTRY
from caffetools.net.graph import Graph, State, build
from caffetools.net.infer import Inferred, infer
from caffetools.net.loading import infer_net
from caffetools.net.net import Net
from caffetools.proto.message import Message
from caffetools.proto.prototxt import parse
from caffetools.proto.source import Source


def layer(kind: str, name: str, bottoms: str = "", tops: str = "", fields: str = "") -> str:
    """A line with one layer; the names of its blobs stand with blanks between."""
    blobs = [f'bottom: "{bottom}"' for bottom in bottoms.split()]
    blobs += [f'top: "{top}"' for top in tops.split()]
    return f'layer {{ name: "{name}" type: "{kind}" {" ".join((*blobs, fields))} }}\n'


def given(top: str, *shape: int) -> str:
    """A line with an Input layer, named as its top."""
    dims = " ".join(f"dim: {extent}" for extent in shape)
    return layer("Input", top, "", top, f"input_param {{ shape {{ {dims} }} }}")


def inner_product(name: str, bottom: str, num_output: int, fields: str = "") -> str:
    """A line with an InnerProduct layer, its top named as itself."""
    option = f"inner_product_param {{ num_output: {num_output} }}"
    return layer("InnerProduct", name, bottom, name, f"{fields} {option}")


def message(text: str, root: str = "NetParameter") -> Message:
    """The text, read."""
    return parse(Source("net.prototxt", text), root)


def graph(text: str, phase: str = "TRAIN", stages: Sequence[str] = (), level: int = 0) -> Graph:
    """The graph of a net in a state."""
    return build(message(text), State(phase, tuple(stages), level), REGISTRY)


def inferred(text: str, phase: str = "TRAIN", **options: Any) -> Inferred:
    """A net, set up; `options` are those of `Options`."""
    return infer(graph(text, phase), Options(**options))


def net(text: str, phase: str = "TRAIN", **options: Any) -> Net:
    """A net as callers see it."""
    return infer_net(message(text), State(phase), Options(**options))
