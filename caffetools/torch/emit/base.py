"""What a layer is in PyTorch, as data: what to construct once, what to compute, which blob is what.

`code` is the only writer of text: values reach it as they are, names of blobs and layers never do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, Union

from caffetools.errors import CaffeToolsError
from caffetools.layers.base import Layer, Shape
from caffetools.layers.checks import four_axes
from caffetools.net.sharing import ParamBlob
from caffetools.proto.message import Message

Literal: TypeAlias = int | float | str | bool | None


Expression: TypeAlias = Union[
    Literal,
    "Bottom",
    "MemberRef",
    "Name",
    "Attribute",
    "Call",
    "Binary",
    "Negative",
    "Subscript",
    "Span",
    "tuple[Expression, ...]",
    "list[Expression]",
]
"""Something to compute. A tuple or a list is Python's own, of expressions."""


@dataclass(frozen=True, slots=True)
class Bottom:
    """The tensor of one of the layer's bottoms."""

    index: int = 0


@dataclass(frozen=True, slots=True)
class MemberRef:
    """One of the members that the layer constructs: `self.conv1`, or `self.conv1_scale`."""

    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Name:
    """A dotted name of Python's or PyTorch's, such as `torch.float32` or `self.training`."""

    text: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """`value.name`."""

    value: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call. A function without a dot in its name is one of the `runtime` helpers."""

    function: str | MemberRef | Attribute
    arguments: tuple[Expression, ...] = ()
    keywords: tuple[tuple[str, Expression], ...] = ()


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`, for the operators > + - * / and **."""

    left: Expression
    operator: str
    right: Expression


@dataclass(frozen=True, slots=True)
class Negative:
    """`-value`."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Span:
    """`start:stop` in an index, `:` where neither is given."""

    start: int | None = None
    stop: Expression = None


@dataclass(frozen=True, slots=True)
class Subscript:
    """`value[index, ...]`."""

    value: Expression
    index: tuple[Expression, ...]


X = Bottom(0)
"""The first bottom."""


@dataclass(frozen=True, slots=True)
class Fill:
    """How a parameter starts: `function(parameter, **keywords)`."""

    function: str
    keywords: tuple[tuple[str, Expression], ...] = ()
    arguments: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """What a layer constructs int_or_tuple, and stands on the module as `MemberRef(suffix)`."""

    value: Call
    suffix: str = ""
    buffer: bool = False
    """A tensor that is no parameter and in no state dict, but goes where the module goes."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one of the layer's blobs lies in PyTorch."""

    attribute: str
    """Of the member: weight, bias, ...; empty where the member is the tensor itself."""
    fill: Fill | None = None
    """None where the member starts as Caffe's filler would have it."""
    shape: Shape | None = None
    """PyTorch's, where it is another than Caffe's."""
    suffix: str = ""
    """Of the member."""


@dataclass(frozen=True, slots=True)
class Emission:
    """A layer in PyTorch."""

    values: tuple[Expression, ...]
    """One for each top, or a single one that gives them all."""
    members: tuple[Member, ...] = ()
    slots: tuple[Slot, ...] = ()
    """In the order of Caffe's blobs."""
    keeps_state: bool = False
    """Has the member a memory, so that layers which share all blobs still need one each?"""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What an emitter may ask about its layer beside the layer's own class."""

    message: Message
    """The layer's, in today's form."""
    bottoms: tuple[Shape, ...]
    tops: tuple[Shape | None, ...]
    params: tuple[ParamBlob, ...]
    phase: str | None = None
    """The phase that the layer itself is given, whatever the net's."""
    folder: str = "."
    """Where the prototxt lies."""

    def param(self, name: str) -> Message:
        """The message with the layer's options, empty where it gives none."""
        return self.message.message(name)

    def error(self, text: str, name: str | None = None) -> CaffeToolsError:
        """An error that stands at the layer."""
        return self.message.error(text, name, kind=CaffeToolsError)


Emitter: TypeAlias = Callable[[Any, Context], Emission]
"""What gives the Emission of a layer of one class."""


Emitters: TypeAlias = "dict[type[Layer], Emitter]"


def call(
    function: str | MemberRef | Attribute, *arguments: Expression, **keywords: Expression
) -> Call:
    """A call, as Python writes it."""
    return Call(function, arguments, tuple(keywords.items()))


def method(value: Expression, name: str, *arguments: Expression, **keywords: Expression) -> Call:
    """A call of a method of `value`."""
    return call(Attribute(value, name), *arguments, **keywords)


def differing(**options: tuple[Expression, Expression]) -> dict[str, Expression]:
    """Those of the options, each a value and its default, that are not as by default."""
    return {name: value for name, (value, default) in options.items() if value != default}


def int_or_tuple(values: tuple[int, ...]) -> Expression:
    """The number that all are, or all of them."""
    return values[0] if len(set(values)) == 1 else values


def values(*results: Expression) -> Emission:
    """The emission of a layer that constructs nothing."""
    return Emission(results)


def image(context: Context, index: int = 0) -> Expression:
    """A bottom as N x C x H x W, with extents of 1 for the axes that it does not have."""
    shape = context.bottoms[index]
    if len(shape) == 4:
        return Bottom(index)
    return method(Bottom(index), "reshape", *four_axes(shape))


def signed(value: int) -> int:
    """Return the C int whose bits are those of an unsigned number: -1 for the largest."""
    return value - 2**32 if value >= 2**31 else value
