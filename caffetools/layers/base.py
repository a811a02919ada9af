"""Base class of layer types: a type reads its options and infers output shapes and cost.

A type is one small class. `__init__` reads the options and reports mistakes with their line;
`facts` computes output shapes, parameter blobs and cost; `explain` returns the same arithmetic as
formulas. A layer does not know the net around it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, TypeAlias

from caffetools.layers.blobs import Blobs, Shape, Step, canonical_axis, exactly, product
from caffetools.layers.window import Window
from caffetools.proto.message import Message


class Param(NamedTuple):
    """Parameter blob of a layer, Caffe's `blobs_[i]`.

    Attributes
    ----------
    role : str
        Its name in the layer: weight, bias, slope, mean, …
    shape : tuple of int
        Its extents, in Caffe's order.
    statistic : bool, default False
        Whether the layer updates it itself, as BatchNorm its mean; no solver changes it.

    Examples
    --------
    >>> Param("weight", (20, 1, 5, 5))
    Param(role='weight', shape=(20, 1, 5, 5), statistic=False)
    """

    role: str
    shape: Shape
    statistic: bool = False


@dataclass(frozen=True)
class Facts:
    """Result of setting up a layer: output shapes, parameters, cost, notes.

    Attributes
    ----------
    tops : tuple of (tuple of int or None)
        Shape of each top; None if it is unknown, as that of a data layer without its source.
    params : tuple of Param
        Parameter blobs, in Caffe's order.
    macs : int, default 0
        Multiply-accumulates of a forward pass over the whole batch.
    notes : tuple of str
        Assumptions and oddities, to be printed as notes.

    Examples
    --------
    >>> Facts(((64, 10),), (Param("weight", (10, 500)),), macs=64 * 10 * 500).macs
    320000
    """

    tops: tuple[Shape | None, ...]
    params: tuple[Param, ...] = ()
    macs: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Options:
    """User overrides of a net: input shapes, data shape, batch size, folder."""

    input_shapes: dict[str, Shape] = field(default_factory=dict)
    """By top; overrides the files."""
    data_shape: Shape | None = None
    """Shape of an item of a data layer (channels, height, width), unless its source shows it."""
    batch_size: int | None = None
    """Overrides the batch size of inputs and data layers."""
    folder: str = "."
    """Folder of the prototxt, searched for sources that are not in the working directory."""


@dataclass(frozen=True)
class Spec:
    """Definition of one layer, from which its class reads the options.

    Attributes
    ----------
    message : Message
        The LayerParameter.
    bottoms, tops : tuple of str
        Names of its inputs and outputs.
    phase : {"TRAIN", "TEST"}
        Phase of the net.
    options : Options
        User overrides.

    Examples
    --------
    >>> class Shift(Layer):
    ...     type = "Shift"
    ...
    ...     def __init__(self, spec: Spec) -> None:
    ...         self.kernel = spec.param("shift_param").integer("kernel")
    """

    message: Message
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    phase: str
    options: Options

    @property
    def name(self) -> str:
        """Name of the layer."""
        return self.message.text("name")

    def param(self, name: str) -> Message:
        """Return a message with options, such as `pooling_param`, empty if it is not given."""
        return self.message.message(name)

    @property
    def gives_tops(self) -> bool:
        """Whether the user overrides the shape of every top; then no source is opened."""
        return all(top in self.options.input_shapes for top in self.tops)

    def batch_size(self, param: Message) -> int:
        """Return the batch size: the user's, that of an overriding shape, or that in `param`."""
        given = self.options.input_shapes.get(self.tops[0])
        return self.options.batch_size or (given[0] if given else param.integer("batch_size"))

    def in_place(self, index: int = 0) -> bool:
        """Whether top and bottom of this index are the same blob."""
        return self.tops[index : index + 1] == self.bottoms[index : index + 1] != ()


class ClassLabels(NamedTuple):
    """Options of a layer whose second bottom holds class labels."""

    axis_param: str = ""
    """The field with the `axis` of the classes; empty if all axes but the first are classes."""
    ignore_param: str = ""
    """The field with `ignore_label`; empty if no label is ignored."""


class Layer:
    """Base class of layer types, with the defaults of one bottom and one top of the same shape.

    A subclass sets `type` and the attributes in which it differs, and overrides `facts`.

    Parameters
    ----------
    spec : Spec
        Definition of the layer.

    Raises
    ------
    ShapeError
        From `__init__` and `facts`, for options and shapes that Caffe refuses.

    Examples
    --------
    >>> class Stack(Layer):
    ...     "(N, C, …) and (N, C, …) -> (N, 2 · C, …)."
    ...
    ...     type = "Stack"
    ...     bottoms = exactly(2)
    ...
    ...     def facts(self, bottoms):
    ...         n, c, *rest = bottoms[0]
    ...         return Facts(((n, 2 * c, *rest),))
    """

    type: ClassVar[str] = ""
    bottoms: ClassVar[Blobs] = exactly(1)
    tops: ClassVar[Blobs] = exactly(1)
    as_many_tops_as_bottoms: ClassVar[bool] = False
    automatic_tops: ClassVar[bool] = False
    """Whether the net adds missing tops (AutoTopBlobs)."""
    is_loss: ClassVar[bool] = False
    """Whether the first top has a default loss weight of 1."""
    is_accuracy: ClassVar[bool] = False
    """Whether the first top measures how the bottoms agree with labels, higher for better."""
    force_backward: ClassVar[tuple[bool, ...]] = ()
    """Whether force_backward reaches each bottom (AllowForceBackward), True if not listed."""
    ignores_propagate_down: ClassVar[bool] = False
    """Whether Caffe's backward writes the first bottom's gradient without asking for the flag."""
    data_bottoms: ClassVar[int | None] = None
    """Number of leading bottoms whose values are read, None for all; others give a shape."""
    is_input: ClassVar[bool] = False
    """Whether the `input` of an old net, which Caffe does not log as a layer, becomes one."""
    whole_shapes: ClassVar[bool] = False
    """Whether the options give whole shapes, so that the batch axis is unknown."""
    transposed: ClassVar[bool] = False
    """Whether `windows` slide over the top, as in a deconvolution."""
    is_global: ClassVar[bool] = False
    """Whether each top position depends on all spatial positions of the bottom."""
    mixes_axis: ClassVar[bool] = False
    """Whether each top position depends on all positions along `axis` of the bottom."""
    keeps_sign: ClassVar[bool] = False
    """Whether the top is positive just where the bottom is, wherever it passes a gradient."""
    keeps_positive: ClassVar[bool] = False
    """Whether the top is the bottom where that is not negative."""
    is_positive: ClassVar[bool] = False
    """Whether no value of the top is negative."""
    gradient_reads: tuple[str, ...] = ()
    """What Caffe's Backward_cpu reads from blobs: "bottom", "top", the "sign" of the bottom, or
    "masked top", the top only where its gradient is not 0."""
    copies_bottom: ClassVar[bool] = False
    """Whether a layer in place keeps a copy of its bottom for the backward pass."""
    changes_values: bool = True
    """Whether the values of the top differ from those of the bottom."""
    masks: bool = False
    """Whether the top is the bottom where the gradient passes, and 0 where it does not."""
    shares_data: bool = False
    """Whether the tops have the memory of the bottom (Blob::ShareData)."""
    top_is_param: ClassVar[bool] = False
    """Whether the top has the memory of the layer's blob, gradient included."""
    class_labels: ClassVar[ClassLabels | None] = None
    """How the second bottom holds class labels, None if it does not."""
    param_name: str = ""
    """The field of LayerParameter with the options of the type, if there is one."""
    source_kind: ClassVar[str] = ""
    """What messages call the file or folder of a data layer's `source`, if training reads it."""
    data_axes: ClassVar[Mapping[int, int]] = {}
    """By top: the axis whose extent depends on the data, such as the boxes of a batch."""
    origin: ClassVar[str | None] = None
    """Repository of the fork that defines the type, None for BVLC's Caffe."""
    no_torch: ClassVar[str] = ""
    """Why `caffetools.torch.emit` has no emitter for the type; empty if it has one."""

    def __init__(self, spec: Spec) -> None:
        """Read the options; raises ShapeError, with its location, as Caffe's LayerSetUp would."""
        self.spec = spec
        self.param = spec.param(self.param_name) if self.param_name else spec.message
        self.top_count = len(spec.tops)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        """Infer output shapes, parameters and cost from the shapes of the bottoms."""
        return Facts(bottoms)

    def axis_of(self, bottom: Shape) -> int:
        """Return the option `axis`, counted from the front."""
        return canonical_axis(self.param.integer("axis"), bottom, self.param)

    def expects(self, bottoms: tuple[Shape | None, ...]) -> dict[int, Shape]:
        """Return the only shapes that unknown bottoms (None) can have, by index."""
        return {}

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        """Return the arithmetic behind `facts`, in the order of a calculation by hand."""
        return [product(param.role, param.shape) for param in self.facts(bottoms).params]

    def remarks(self, bottoms: tuple[Shape, ...]) -> list[str]:
        """Return what an explanation says besides the arithmetic: how PyTorch's rules differ."""
        return []

    def backward_reads(self, in_place: bool) -> tuple[str, ...]:
        """Return what Caffe's backward pass reads from blobs, as `gradient_reads`."""
        return () if in_place and self.copies_bottom else self.gradient_reads

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window] | None:
        """Return the window of each spatial axis; None if a position depends on all of the bottom.

        An empty list means that each position depends on the same position of the bottom.
        """
        mixed = self.is_global or (self.mixes_axis and self.axis_of(bottoms[0]) >= 2)
        return None if mixed else []


LayerClass: TypeAlias = type[Layer]
