"""A PyTorch module as data: everything that `model_code` writes, named and in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from caffetools.errors import Note
from caffetools.layers.base import LayerClass
from caffetools.layers.blobs import Shape
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.torch.emit.base import Call, Expression, Fill


@dataclass(frozen=True, slots=True)
class Variable:
    """A blob, and the variable of `forward` that holds it."""

    blob: str
    """Its key, as `blob_keys` gives it."""
    variable: str
    shape: Shape | None


@dataclass(frozen=True, slots=True)
class Construction:
    """A member of the module: `self.name = value`."""

    name: str
    value: Call
    layer: str
    buffer: bool
    condition: str = ""
    """Argument of a block without which it is an `nn.Identity`."""
    shape: Shape | None = None
    """Of what it computes, as an item of a Sequential."""


@dataclass(frozen=True, slots=True)
class Tie:
    """`self.target = self.source`: one parameter under two names."""

    target: str
    source: str
    reshaped: bool = False
    """Whether the target has another shape (share_mode PERMISSIVE)."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One line of `forward`: `targets = values`."""

    layer: str
    type: str
    layer_class: LayerClass | None
    """None for an unknown type."""
    values: tuple[Expression, ...]
    """One for each target, or one for all; without any, `del bottoms`."""
    targets: tuple[Variable, ...]
    bottoms: tuple[Variable, ...]
    members: dict[str, str]
    """Names of the layer's members, by suffix."""
    phase: str | None
    """The only phase that has it, None for all phases."""
    stopped: tuple[int, ...] = ()
    """Indices of the bottoms that pass no gradient back."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A class to fill in, for an unknown layer type."""

    name: str
    type: str
    layers: tuple[InferredLayer, ...]


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """One of Caffe's blobs in the module."""

    key: str
    """Key in the state dict."""
    shape: Shape
    """Caffe's shape."""
    stored: Shape
    """PyTorch's shape."""
    fill: Fill | None
    shared: bool
    """Whether another layer owns it."""


@dataclass(frozen=True, slots=True)
class FoldedLayer:
    """A layer, and the BatchNorm and Scale folded into it, by their keys."""

    layer: str
    norm: str | None
    eps: float
    """Of the BatchNorm."""
    scale: str | None
    outputs_last: bool
    """Whether outputs are the second axis of the weight, not the first."""
    groups: int


@dataclass(frozen=True, slots=True)
class BlockArgument:
    """An argument of a block's constructor."""

    name: str
    type: str
    default: Expression
    """None for none."""
    is_kept: bool
    """Whether `forward` reads it."""


@dataclass(frozen=True)
class BlockSpec:
    """A class of which the module has several instances."""

    name: str
    arguments: tuple[BlockArgument, ...]
    constructions: tuple[Construction, ...]
    statements: tuple[Statement, ...]
    inputs: tuple[Variable, ...]
    outputs: tuple[Variable, ...]
    params: dict[str, tuple[str, ...]]
    """Keys in the block by Caffe's layer, {} for the block's name; empty if there is no rule."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A block as a member of the module."""

    block: str
    """Name of its class."""
    own: str
    """What replaces {} in the names of its layers."""
    lacks: str = ""
    """The member of its class that it does not have."""


def split_key(key: str, instances: Mapping[str, Instance]) -> tuple[str, str]:
    """Return the block of a key of the state dict, "" if it is in none, and the key in it."""
    first, _, rest = key.partition(".")
    second, _, inner = rest.partition(".")
    for name, left in ((first, rest), (f"{first}.{second}", inner)):
        if name in instances:
            return name, left
    return "", key


@dataclass(frozen=True)
class ModuleSpec:
    """A module for a net."""

    name: str
    """Name of the class."""
    net: Net
    phases: tuple[str, ...]
    """The phases that the module serves, that of `net` first."""
    inputs: tuple[Variable, ...]
    outputs: dict[str, tuple[Variable, ...]]
    """By phase."""
    loss_weights: dict[str, float]
    constructions: tuple[Construction, ...]
    ties: tuple[Tie, ...]
    statements: tuple[Statement, ...]
    params: dict[str, tuple[ParameterSpec, ...]]
    """Parameters of each layer that has some, by the layer's key."""
    placeholders: tuple[Placeholder, ...]
    notes: tuple[Note, ...]
    folds: tuple[FoldedLayer, ...] = ()
    """Layers whose parameters differ from Caffe's blobs."""
    blocks: tuple[BlockSpec, ...] = ()
    instances: dict[str, Instance] = field(default_factory=dict)
    """Blocks by their names in the module, those whose layers have names by a rule."""
    is_structured: bool = False
    """Whether lines of `forward` may do the work of several layers."""
    is_sequential: bool = False
    """Whether the module applies its members one after the other."""
