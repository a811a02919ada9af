"""A net as a log shows it: its layers, blobs, shapes and flags, and the text that it echoes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from caffetools.log.echo_reader import Echo


class LoggedTop(NamedTuple):
    """A top in a log."""

    name: str | None
    """None where the log's head was cut off before it."""
    shape: tuple[int, ...] | None = None
    """As printed: before March 2014 without the batch, before March 2015 always four extents."""
    elements: int | None = None
    line: int = 0
    """Line of the shape, counted from the net's first."""
    loss_weight: str = ""


class LoggedLayer(NamedTuple):
    """A layer in a log."""

    name: str
    type: str | None
    bottoms: tuple[str, ...]
    tops: tuple[LoggedTop, ...]
    in_place: bool
    needs_backward: bool | None
    line: int
    """Where it is created, in lines from the net's first."""
    memory_bytes: int | None
    """Memory of the net so far, if the log prints it after each layer."""
    memory_line: int

    @property
    def is_split(self) -> bool:
        """Whether it is a Split layer that Caffe inserted; no prototxt has those."""
        return (
            self.name.endswith("_split")
            and len(self.bottoms) == 1
            and all(top.name == f"{self.name}_{i}" for i, top in enumerate(self.tops))
        )


class Sharing(NamedTuple):
    """A blob that a layer shares with an earlier one."""

    layer: str
    param: str
    owner: str
    param_index: int


@dataclass(slots=True)
class LoggedNet:
    """A net that the log builds."""

    line: int
    """The log's line at which it begins."""
    phase: str | None = None
    source: str | None = None
    """Where the solver takes it from, as logged."""
    echo: Echo | None = None
    layers: tuple[LoggedLayer, ...] = ()
    inputs: list[str] = field(default_factory=list)
    """The `input:` blobs, which the log named from August 2014 to February 2016."""
    outputs: list[str] = field(default_factory=list)
    sharing: list[Sharing] = field(default_factory=list)
    memory_bytes: int | None = None
    """Memory of the complete net; of NVCaffe, of its tops."""
    memory_line: int = 0
    """Line of that message, counted from the net's first."""
    is_complete: bool = False
    """Whether its initialization is complete."""
    is_nvcaffe: bool = False
    """Whether the messages are NVCaffe's."""
    backward_by_layer: bool = False
    """Whether backward lines follow each layer, as until September 2014, not the whole net."""

    def line_of(self, offset: int) -> int:
        """The log's line of an offset from the net's first."""
        return self.line + offset


UNNAMED = "?"
"""The name of a layer whose name was in the log's missing head."""


@dataclass(slots=True)
class LayerDraft:
    """A layer so far."""

    name: str
    type: str | None
    line: int
    bottoms: list[str] = field(default_factory=list)
    tops: list[LoggedTop] = field(default_factory=list)
    shapes: int = 0
    """How many of the tops have had a shape's line."""
    in_place: bool = False
    needs_backward: bool | None = None
    memory_bytes: int | None = None
    memory_line: int = 0

    def add_shape(self, shape: tuple[int, ...], elements: int | None, line: int) -> None:
        """Set the shape of the next top."""
        if self.shapes == len(self.tops):
            self.tops.append(LoggedTop(None))
        top = self.tops[self.shapes]
        self.tops[self.shapes] = top._replace(shape=shape, elements=elements, line=line)
        self.shapes += 1

    def add_weight(self, weight: str) -> None:
        """Set the loss weight of the last top with a shape."""
        if self.shapes:
            top = self.tops[self.shapes - 1]
            self.tops[self.shapes - 1] = top._replace(loss_weight=weight)

    def layer(self) -> LoggedLayer:
        """Return the complete layer."""
        return LoggedLayer(
            self.name,
            self.type,
            tuple(self.bottoms),
            tuple(self.tops),
            self.in_place,
            self.needs_backward,
            self.line,
            self.memory_bytes,
            self.memory_line,
        )


_STATE, _RULE = (
    re.compile(rf"^\s*{field} \{{[^{{}}]*\bphase: (TRAIN|TEST)", re.MULTILINE)
    for field in ("state", "include")
)


def _phase(echo: Echo | None) -> str | None:
    """The phase of a net: of its layers' rules, too, since what they leave out is not echoed."""
    text = echo.text if echo else ""
    found = _STATE.search(text) or _RULE.search(text)
    return found[1] if found else None


@dataclass(slots=True)
class NetDraft(LoggedNet):
    """A net so far; lines count from its first."""

    drafts: list[LayerDraft] = field(default_factory=list)
    _by_name: dict[str, LayerDraft] = field(default_factory=dict)
    _shaped: LayerDraft | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it has no contents yet."""
        return not (self.drafts or self.echo or self.inputs)

    @property
    def is_setting_up(self) -> bool:
        """Whether its last layer has no shapes yet; such a layer may build an inner net."""
        return bool(self.drafts) and not self.is_complete and not self.drafts[-1].shapes

    def add_layer(self, name: str, type_: str | None, line: int) -> LayerDraft:
        """Begin a layer."""
        if self.drafts and self.drafts[-1].needs_backward is not None:
            self.backward_by_layer = True
        layer = LayerDraft(name, type_, line - self.line)
        self.drafts.append(layer)
        self._by_name[name] = layer
        self._shaped = layer
        return layer

    def find(self, name: str) -> LayerDraft | None:
        """Return the last layer of a name."""
        return self._by_name.get(name)

    def set_up(self, name: str) -> None:
        """Assign the following shapes to this layer."""
        self._shaped = self._by_name.get(name, self._shaped)

    def shaped(self, line: int) -> LayerDraft:
        """Return the layer whose shapes follow: an unnamed one if the log's head is missing."""
        return self._shaped or self.add_layer(UNNAMED, None, line)

    def connect(self, text: str, arrow: str, line: int) -> None:
        """`conv1 <- data`, `conv1 -> conv1` or `relu1 -> conv1 (in-place)`."""
        layer = self.drafts[-1] if self.drafts else None
        separator = f" {arrow} "
        if layer is None or not text.startswith(layer.name + separator):
            name = text.partition(separator)[0]
            layer = self.find(name) or self.add_layer(name, None, line)
        blob = text[len(layer.name) + len(separator) :]
        if arrow == "<-":
            layer.bottoms.append(blob)
            return
        layer.in_place |= blob.endswith(" (in-place)")
        layer.tops.append(LoggedTop(blob.removesuffix(" (in-place)")))

    def set_backward(self, name: str, needed: bool) -> None:
        """Set whether a layer needs backward computation; this may name the first layer."""
        layer = self.find(name)
        if layer is None and (layer := self._by_name.pop(UNNAMED, None)) is not None:
            layer.name = name
            self._by_name[name] = layer
        if layer is not None:
            layer.needs_backward = needed

    def set_memory(self, size: int, line: int) -> None:
        """Set the memory of the net: so far, or in the end."""
        self.memory_bytes, self.memory_line = size, line - self.line
        if self.drafts and not self.is_complete:
            self.drafts[-1].memory_bytes = size
            self.drafts[-1].memory_line = line - self.line

    def net(self, known: dict[object, object]) -> LoggedNet:
        """The net; large parts that equal an earlier net's are that net's own, held in `known`."""
        self._name_tops()
        layers = tuple(layer.layer() for layer in self.drafts)
        self.layers = cast("tuple[LoggedLayer, ...]", known.setdefault(layers, layers))
        if self.echo:
            text = cast(str, known.setdefault(self.echo.text, self.echo.text))
            self.echo = self.echo._replace(text=text)
        self.phase = self.phase or _phase(self.echo)
        self.drafts, self._by_name, self._shaped = [], {}, None
        return self

    def _name_tops(self) -> None:
        """Name the tops of a layer without a head after the blobs that nothing else makes."""
        layer = self.drafts[0] if self.drafts else None
        if layer is None or all(top.name for top in layer.tops):
            return
        made = {top.name for draft in self.drafts for top in draft.tops}.union(self.inputs)
        read = dict.fromkeys(blob for draft in self.drafts for blob in draft.bottoms)
        names = sorted((blob for blob in read if blob not in made), key=lambda b: b != layer.name)
        for i, top in enumerate(layer.tops):
            if top.name is None and names:
                layer.tops[i] = top._replace(name=names.pop(0))
