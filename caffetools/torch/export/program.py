"""A PyTorch module as data, in order and named: all that `code` has to write."""

from __future__ import annotations

from dataclasses import dataclass

from caffetools.errors import Note
from caffetools.layers.base import LayerClass, Shape
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.torch.emit.base import Call, Expression, Fill


@dataclass(frozen=True, slots=True)
class Tensor:
    """A blob as the module's code knows it."""

    blob: str
    """Its name in the net, made unique."""
    variable: str
    shape: Shape | None


@dataclass(frozen=True, slots=True)
class Construction:
    """A member of the module: `self.name = value`."""

    name: str
    value: Call
    layer: str
    buffer: bool


@dataclass(frozen=True, slots=True)
class Tie:
    """`self.target = self.source`: one parameter under two names."""

    target: str
    source: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One line of `forward`."""

    layer: str
    type: str
    layer_class: LayerClass | None
    """None for an unknown type."""
    values: tuple[Expression, ...]
    """One for each target, or one for all; without any, the bottoms are dropped."""
    targets: tuple[Tensor, ...]
    bottoms: tuple[Tensor, ...]
    members: dict[str, str]
    """The names of the layer's members by their suffixes."""
    phase: str | None
    """The only phase in which it is done."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A class to fill in for a layer type that is not known."""

    name: str
    type: str
    layers: tuple[InferredLayer, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One of Caffe's blobs in the module."""

    key: str
    """Of the state dict."""
    shape: Shape
    """Caffe's."""
    stored: Shape
    """PyTorch's."""
    fill: Fill | None
    shared: bool
    """Is it another layer's?"""


@dataclass(frozen=True, slots=True)
class Fold:
    """A layer that has taken in those behind it, all by their keys."""

    layer: str
    norm: str | None
    """The BatchNorm."""
    eps: float
    """The BatchNorm's."""
    scale: str | None
    outputs_last: bool
    """Do the outputs lie on the second axis of the weight, not the first?"""
    groups: int


@dataclass(frozen=True)
class Program:
    """A module for a net."""

    name: str
    """Of the class."""
    net: Net
    phases: tuple[str, ...]
    """That the module serves, the one that the net was loaded for first."""
    inputs: tuple[Tensor, ...]
    outputs: dict[str, tuple[Tensor, ...]]
    """By phase."""
    loss_weights: dict[str, float]
    constructions: tuple[Construction, ...]
    ties: tuple[Tie, ...]
    statements: tuple[Statement, ...]
    params: dict[str, tuple[Parameter, ...]]
    """The blobs of each layer that has some, by the layer's key."""
    placeholders: tuple[Placeholder, ...]
    notes: tuple[Note, ...]
    folds: tuple[Fold, ...] = ()
    """Layers whose blobs are no longer Caffe's."""
