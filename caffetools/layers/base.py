"""What a layer type is: its options, and what follows from them and from its bottoms' shapes.

A type is one small class. `__init__` reads the options, so that a mistake in them is told at its
line; `facts` computes shapes, parameter blobs and cost; `explain` writes the same arithmetic out.
A class knows nothing of the net around it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, TypeAlias

from caffetools.errors import ShapeError
from caffetools.proto.message import Message

Shape: TypeAlias = "tuple[int, ...]"

INT_MAX = 2**31 - 1
MAX_AXES = 32
"""Caffe's kMaxBlobAxes (blob.hpp)."""


class Blobs(NamedTuple):
    """How many bottoms or tops a layer may have."""

    least: int
    most: int | None = None

    def __str__(self) -> str:
        if self.most is None:
            return f"at least {self.least}"
        if self.least == self.most:
            return str(self.least) if self.least else "no"
        return f"{self.least} to {self.most}" if self.least else f"at most {self.most}"


def exactly(count: int) -> Blobs:
    """Just so many blobs."""
    return Blobs(count, count)


def at_least(count: int) -> Blobs:
    """So many blobs or more."""
    return Blobs(count)


def between(least: int, most: int) -> Blobs:
    """A number of blobs in a range, both ends included."""
    return Blobs(least, most)


class Param(NamedTuple):
    """A blob that a layer owns: Caffe's `blobs_[i]`."""

    role: str
    """What it is to the layer: weight, bias, slope, mean, ..."""
    shape: Shape
    statistic: bool = False
    """Kept by the layer itself and never changed by a solver (BatchNorm)."""


class Step(NamedTuple):
    """One line of arithmetic: `formula` is plain Python whose value is `value`."""

    name: str
    formula: str
    value: int


@dataclass(frozen=True)
class Facts:
    """What Caffe's layer has once it is set up."""

    tops: tuple[Shape | None, ...]
    """None for what the files do not say (a data layer's top)."""
    params: tuple[Param, ...] = ()
    macs: int = 0
    """Multiply-accumulates of one forward pass over the whole batch."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Options:
    """What the user of a net says beside its files."""

    input_shapes: dict[str, Shape] = field(default_factory=dict)
    """By top: goes before what the files say."""
    data_shape: Shape | None = None
    """What one item of a data layer is (channels, height, width), where nothing else says."""
    batch_size: int | None = None
    """In place of the first extent of what inputs and data layers give."""
    folder: str = "."
    """The folder of the prototxt: a source that is not in the working directory is sought there."""


class Spec:
    """One layer as its class reads it: its message, its place in the net, the user's options."""

    __slots__ = ("bottoms", "message", "name", "options", "phase", "tops")

    def __init__(
        self,
        message: Message,
        bottoms: tuple[str, ...],
        tops: tuple[str, ...],
        phase: str,
        options: Options,
    ) -> None:
        self.message = message
        self.name = message.text("name")
        self.bottoms = bottoms
        self.tops = tops
        self.phase = phase
        self.options = options

    def param(self, name: str) -> Message:
        """The message with the layer's options, empty where the layer gives none."""
        return self.message.message(name)

    def in_place(self, index: int = 0) -> bool:
        """Is the top of this index the bottom of the same index?"""
        return self.tops[index : index + 1] == self.bottoms[index : index + 1] != ()


class Layer:
    """A layer type. The defaults are those of one bottom and one top of the same shape."""

    type: ClassVar[str] = ""
    bottoms: ClassVar[Blobs] = exactly(1)
    tops: ClassVar[Blobs] = exactly(1)
    as_many_tops_as_bottoms: ClassVar[bool] = False
    automatic_tops: ClassVar[bool] = False
    """Does the net add the tops that the layer needs and the prototxt does not name?"""
    is_loss: ClassVar[bool] = False
    """Does the first top count as a loss where no loss_weight is given?"""
    force_backward: ClassVar[tuple[bool, ...]] = ()
    """Which bottoms a net's force_backward reaches (AllowForceBackward); the rest, all."""
    data_bottoms: ClassVar[int | None] = None
    """Of how many bottoms, from the first, values are read; the rest lend a shape. None: all."""
    whole_shapes: ClassVar[bool] = False
    """Do the options say each top's shape whole, so that none tells which extent is the batch?"""
    transposed: ClassVar[bool] = False
    """Do `windows` lie on the top and move over the bottom, as in a deconvolution?"""
    origin: ClassVar[str | None] = None
    """The fork that the type comes from; None for Caffe's own."""

    def __init__(self, spec: Spec) -> None:
        """Read the options; raises ShapeError, placed, for what Caffe's LayerSetUp refuses."""

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        """Shapes, blobs and cost for bottoms of these shapes; ShapeError for what Caffe refuses."""
        return Facts(bottoms)

    def expects(self, bottoms: tuple[Shape | None, ...]) -> dict[int, Shape]:
        """What an input of unknown shape (None) must be for this layer to take it, by its index."""
        return {}

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        """The arithmetic behind `facts`, in the order in which one would do it by hand."""
        return []

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window] | None:
        """How each top position sees the spatial axes; None where it sees all of the bottom."""
        return []


LayerClass: TypeAlias = type[Layer]


class Window(NamedTuple):
    """One axis of a sliding window."""

    kernel: int
    stride: int = 1
    pad: int = 0
    dilation: int = 1

    @property
    def span(self) -> int:
        """The extent that the dilated kernel covers."""
        return self.dilation * (self.kernel - 1) + 1


def count(shape: Shape) -> int:
    """How many elements a blob of this shape has: 1 for a scalar."""
    total = 1
    for extent in shape:
        total *= extent
    return total


def product(name: str, factors: Shape) -> Step:
    """A step that multiplies extents: `96 * 3 * 11 * 11`."""
    return Step(name, " * ".join(map(str, factors)) if factors else "1", count(factors))


def canonical_axis(axis: int, shape: Shape, message: Message, name: str = "axis") -> int:
    """`axis` counted from the front; ShapeError where the shape has no such axis (blob.hpp)."""
    if not -len(shape) <= axis < len(shape):
        raise message.error(f"axis {axis} is out of range for a blob of shape {dims(shape)}", name)
    return axis + len(shape) if axis < 0 else axis


def dims(shape: Shape) -> str:
    """A shape as messages and tables write it: `1 x 3 x 227 x 227`."""
    return " x ".join(map(str, shape)) if shape else "scalar"


def check_shape(shape: Shape, what: str) -> None:
    """Raise ShapeError for a shape that Caffe's Blob::Reshape refuses (blob.cpp)."""
    if len(shape) > MAX_AXES:
        raise ShapeError(f"{what} would have {len(shape)} axes, more than {MAX_AXES}")
    total = 1
    for extent in shape:
        if extent < 0:
            raise ShapeError(f"{what} would have the negative extent {extent} ({dims(shape)})")
        if total and extent > INT_MAX // total:
            raise ShapeError(f"{what} would have more than 2^31 - 1 elements ({dims(shape)})")
        total *= extent
