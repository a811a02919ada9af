"""The data that emitters return: expressions, constructed members and parameter slots.

`export.code` is the only writer of text: values reach it as they are; emitters never see the names
of blobs and layers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from caffetools.errors import CaffeToolsError
from caffetools.layers.base import Layer
from caffetools.layers.blobs import Shape
from caffetools.layers.checks import four_axes
from caffetools.net.sharing import ParamBlob
from caffetools.proto.message import Message

Literal: TypeAlias = int | float | str | bool | None
Expression: TypeAlias = (
    "Literal | Bottom | MemberRef | Name | Attribute | Call | Binary | Negative | Subscript | Span"
    " | tuple[Expression, ...] | list[Expression]"
)
"""A Python expression. Tuples and lists are Python's own, of expressions."""


@dataclass(frozen=True, slots=True)
class Bottom:
    """The tensor of one of the layer's bottoms."""

    index: int = 0


X = Bottom(0)
"""The first bottom."""


@dataclass(frozen=True, slots=True)
class MemberRef:
    """A member that the layer constructs: `self.conv1`, or `self.conv1_scale` with a suffix."""

    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Name:
    """A dotted Python name, such as `torch.float32` or `self.training`."""

    text: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """`value.name`."""

    value: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call. A function name without a dot is that of a `runtime` helper."""

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
    """`start:stop` in an index."""

    start: int | None = None
    stop: Expression = None


@dataclass(frozen=True, slots=True)
class Subscript:
    """`value[index, ...]`."""

    value: Expression
    index: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Fill:
    """Initialization of a parameter: `function(parameter, *arguments, **keywords)`."""

    function: str
    keywords: tuple[tuple[str, Expression], ...] = ()
    arguments: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A module, parameter or buffer constructed in `__init__`: `MemberRef(suffix)`."""

    value: Call
    suffix: str = ""
    buffer: bool = False
    """Register the tensor as a non-persistent buffer."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The tensor that holds one of the layer's parameter blobs."""

    attribute: str
    """Attribute of the member (weight, bias, ...), or "" if the member is the tensor itself."""
    fill: Fill | None = None
    """None if the constructor already initializes it as Caffe's filler does."""
    shape: Shape | None = None
    """PyTorch's shape, if it differs from Caffe's."""
    suffix: str = ""
    """Suffix of the member."""


@dataclass(frozen=True, slots=True)
class Emission:
    """A layer in PyTorch."""

    values: tuple[Expression, ...]
    """One per top, or a single one that is unpacked into all tops."""
    members: tuple[Member, ...] = ()
    slots: tuple[Slot, ...] = ()
    """In the order of Caffe's blobs."""
    keeps_state: bool = False
    """Whether the member carries state between passes, so that it is never shared by layers."""
    stops_gradients: bool = False
    """Whether `propagate_down: false` is one of the layer's own options."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What an emitter may read besides the layer object."""

    message: Message
    """The upgraded message of the layer."""
    bottoms: tuple[Shape, ...]
    tops: tuple[Shape | None, ...]
    params: tuple[ParamBlob, ...]
    phase: str | None = None
    """The layer's own `phase` field, whatever the phase of the net."""
    folder: str = "."
    """The folder of the prototxt."""

    def param(self, name: str) -> Message:
        """Return the message with the layer's options, empty if absent."""
        return self.message.message(name)

    def error(self, text: str, name: str | None = None) -> CaffeToolsError:
        """Return an error located at the layer."""
        return self.message.error(text, name, kind=CaffeToolsError)

    def inputs(self) -> tuple[Bottom, ...]:
        """Return all bottoms."""
        return tuple(map(Bottom, range(len(self.bottoms))))

    def image(self, index: int = 0) -> Expression:
        """Return a bottom reshaped to `(N, C, H, W)`, as layers that predate N-D blobs see it."""
        shape = self.bottoms[index]
        if len(shape) == 4:
            return Bottom(index)
        return method(Bottom(index), "reshape", *four_axes(shape))


Emitter: TypeAlias = "Callable[[Any, Context], Emission | Expression]"
"""Returns the Emission of a layer, or just the value of its only top."""
Emitters: TypeAlias = "dict[type[Layer], Emitter]"


def call(
    function: str | MemberRef | Attribute, *arguments: Expression, **keywords: Expression
) -> Call:
    """Return a call, written as in Python."""
    return Call(function, arguments, tuple(keywords.items()))


def method(value: Expression, name: str, *arguments: Expression, **keywords: Expression) -> Call:
    """Return a call of a method of `value`."""
    return call(Attribute(value, name), *arguments, **keywords)


def module(constructor: Call, *slots: Slot, inputs: tuple[Expression, ...] = (X,)) -> Emission:
    """Return the emission of a layer that is one module applied to `inputs`."""
    return Emission((call(MemberRef(), *inputs),), (Member(constructor),), slots)


def function(name: str, param: str = "", **defaults: Literal) -> Emitter:
    """Return the emitter of a layer that is one function of its bottoms.

    Its keywords are the fields of `param` that differ from these defaults.
    """

    def emit(_layer: Layer, context: Context) -> Expression:
        options = fields(context.param(param), **defaults) if param else {}
        return call(name, *context.inputs(), **options)

    return emit


def differing(**options: tuple[Expression, Expression]) -> dict[str, Expression]:
    """Return the options, each given as (value, default), that differ from their defaults."""
    return {name: value for name, (value, default) in options.items() if value != default}


def fields(param: Message, **defaults: Literal) -> dict[str, Expression]:
    """Return the fields of a message that differ from these defaults.

    A field with the default None is returned if the message has it.
    """
    found: dict[str, Any] = {
        name: param.get(name) if default is not None or param.has(name) else None
        for name, default in defaults.items()
    }
    return {name: value for name, value in found.items() if value != defaults[name]}


def int_or_tuple(values: tuple[int, ...]) -> Expression:
    """Return one number if all are equal, else the tuple."""
    return values[0] if len(set(values)) == 1 else values


def signed(value: int) -> int:
    """Return the C int whose bits are those of an unsigned number: -1 for the largest."""
    return value - 2**32 if value >= 2**31 else value
