"""Compare a recomputed net with what the log prints of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from caffetools.check.memory import FLOAT, Judgement, judge, steps
from caffetools.check.recompute import (
    Recomputed,
    RecomputedLayer,
    RecomputedTop,
    recompute_echo,
    recompute_file,
)
from caffetools.errors import CaffeToolsError, Location
from caffetools.layers.blobs import Shape, dims
from caffetools.log.age import Age
from caffetools.log.collector import LogContents
from caffetools.log.logged_net import UNNAMED, LoggedLayer, LoggedNet, LoggedTop


class Difference(NamedTuple):
    """A difference between the log and the prototxt."""

    layer: str
    logged: str
    """Value in the log."""
    recomputed: str
    """Value recomputed from the prototxt."""
    log_line: int
    location: Location | None
    """Location of the layer in the prototxt."""

    def __str__(self) -> str:
        place = f" ({self.location})" if self.location else ""
        words = f"{self.logged} in the log, {self.recomputed}"
        return f"line {self.log_line}: {self.layer}: {words}{place}"


@dataclass(frozen=True)
class Comparison:
    """Result of comparing a net of the log with its prototxt."""

    differences: tuple[Difference, ...] = ()
    unknown_layers: tuple[str, ...] = ()
    """Layers of unknown type, whose shapes are taken from the log."""
    types: tuple[tuple[str, str], ...] = ()
    """The type of each layer."""
    memory_rule: str | None = None
    """How the log's Caffe counts memory, where that agrees."""
    notes: tuple[str, ...] = ()


def compare_nets(log: LogContents) -> Iterator[Comparison]:
    """Compare each net of a log with the prototxt that the log echoes, recomputed.

    A net that the log builds again, as resumed runs do, is recomputed once.
    """
    known: Recomputed = {}
    for net in log.nets:
        if net.echo:
            yield compare_echo(net, log.name, log.caffe, known)
        else:
            yield compare_printed(net, log.caffe)


def compare_echo(
    net: LoggedNet, name: str, age: Age, known: Recomputed | None = None
) -> Comparison:
    """Compare a net with its echoed prototxt, recomputed.

    `name` is the log's; `known` holds the nets that were recomputed before.
    """
    assert net.echo
    try:
        layers = recompute_echo(net, name, {} if known is None else known)
    except CaffeToolsError as error:
        return Comparison(notes=(f"cannot recompute the echoed net: {error.message}",))
    return _Comparing(net, layers, age, net.echo.cut).result()


def compare_file(net: LoggedNet, path: str, age: Age) -> Comparison:
    """A net of a prototxt, recomputed in the phase of the log's.

    Raises CaffeToolsError for a file that holds no net.
    """
    return _Comparing(net, recompute_file(net, path), age, cut=False).result()


def compare_printed(net: LoggedNet, age: Age) -> Comparison:
    """A net that the log does not echo: its shapes, their counts and memory against each other."""
    memory = judge(net, age)
    differences = (*wrong_counts(net), *memory_differences(net, age, memory))
    return Comparison(differences, memory_rule=memory.rule)


def wrong_counts(net: LoggedNet) -> Iterator[Difference]:
    """Shapes whose number of elements differs from the logged count."""
    for layer in net.layers:
        for top in layer.tops:
            if None not in {top.shape, top.elements} and prod(top.shape or ()) != top.elements:
                found = f"top {top.name} {dims(top.shape or ())}"
                said = f"{prod(top.shape or ())} elements, though it counts {top.elements}"
                yield Difference(layer.name, found, said, net.line_of(top.line), None)


def memory_differences(net: LoggedNet, age: Age, memory: Judgement) -> Iterator[Difference]:
    """Where the memory that is printed is not that of the shapes that are.

    A fork that counts in no way that we know is not judged: it may have its own.
    """
    if not net.backward_by_layer:
        for layer, printed, by_tops in steps(net):
            if printed != by_tops:
                line = net.line_of(layer.memory_line)
                found = f"{printed:,} bytes more"
                yield Difference(layer.name, found, f"its tops take {by_tops:,}", line, None)
    if memory.expected and age.first is not None:
        words = " or ".join(f"{size:,} ({rule})" for rule, size in memory.expected)
        line = net.line_of(net.memory_line)
        yield Difference("memory", f"{net.memory_bytes:,} bytes", words, line, None)


class _Comparing:
    def __init__(
        self, net: LoggedNet, layers: Sequence[RecomputedLayer], age: Age, cut: bool
    ) -> None:
        self.net = net
        self.layers = layers
        self.age = age
        self.cut = cut
        """Whether the prototxt is truncated."""
        self.pairs = list(self.matched())
        self.lines = {layer.name: layer.line for layer in net.layers}
        shapes = [top for layer in net.layers for top in layer.tops if top.shape is not None]
        self.without_batch = bool(shapes) and all(top.elements is None for top in shapes)
        self.four_axes = all(len(top.shape or ()) == 4 for top in shapes)

    def matched(self) -> Iterator[tuple[RecomputedLayer, LoggedLayer]]:
        """Layers of one name; of several, in their order."""
        by_name: dict[str, list[LoggedLayer]] = {}
        for layer in self.net.layers:
            by_name.setdefault(layer.name, []).append(layer)
        for recomputed in self.layers:
            if by_name.get(recomputed.name):
                yield recomputed, by_name[recomputed.name].pop(0)

    def result(self) -> Comparison:
        unknown = [layer.name for layer, _ in self.pairs if not layer.is_known]
        differences = [*self.missing(), *self.refused(), *self.tops(), *wrong_counts(self.net)]
        memory = judge(self.net, self.age, self.input_bytes())
        differences += memory_differences(self.net, self.age, memory)
        if not unknown and not self.cut:
            differences += self.backward()
        return Comparison(
            differences=tuple(sorted(differences, key=lambda difference: difference.log_line)),
            unknown_layers=tuple(unknown),
            types=tuple((layer.name, layer.type) for layer in self.layers),
            memory_rule=memory.rule,
            notes=tuple(self.notes(memory)),
        )

    def missing(self) -> Iterator[Difference]:
        """Layers that only one of the two has; Splits go by Caffe's age."""
        paired = {id(layer) for _, layer in self.pairs}
        if not self.cut and self.layers:
            for logged in self.net.layers:
                if id(logged) not in paired and not logged.is_split and logged.name != UNNAMED:
                    line = self.net.line_of(logged.line)
                    yield Difference(logged.name, "a layer", "none there", line, None)
        found = {recomputed.name for recomputed, _ in self.pairs}
        for layer in self.layers if self.net.is_complete and self.net.layers else ():
            if layer.name not in found and not layer.is_split and not layer.is_input:
                line = self.net.line
                yield Difference(layer.name, "no such layer", layer.type, line, layer.location)

    def refused(self) -> Iterator[Difference]:
        """Layers that worked in the log and that current Caffe refuses."""
        for layer, logged in self.pairs:
            if layer.refusal is not None and layer.is_known:
                line = self.net.line_of(logged.line)
                words = f"refused: {layer.refusal}"
                yield Difference(layer.name, "a layer that works", words, line, layer.location)

    def tops(self) -> Iterator[Difference]:
        """Tops of another number or shape."""
        for layer, logged in self.pairs:
            if len(self.tops_of(layer, logged)) != len(logged.tops) and not layer.is_split:
                line = self.net.line_of(logged.line)
                tops = (f"{len(logged.tops)} tops", f"{len(layer.tops)} tops")
                yield Difference(layer.name, *tops, line, layer.location)
            for index, printed in enumerate(logged.tops[: len(layer.tops)]):
                yield from self.top(layer, index, printed)

    def tops_of(
        self, layer: RecomputedLayer, logged: LoggedLayer | None
    ) -> tuple[RecomputedTop, ...]:
        """The tops of a layer in the log's Caffe, in whose first year a loss had none."""
        bare = logged is not None and not logged.tops and self.net.backward_by_layer
        return () if bare and layer.is_loss else layer.tops

    def top(self, layer: RecomputedLayer, index: int, printed: LoggedTop) -> Iterator[Difference]:
        """One top, as the log's Caffe would print it."""
        top = layer.tops[index]
        line = self.net.line_of(printed.line or self.lines[layer.name])
        if printed.name not in {None, top.name}:
            yield Difference(layer.name, f"top {printed.name}", top.name, line, layer.location)
        if printed.shape is None or top.shape is None:
            return
        found, mine = list(printed.shape), list(self.as_printed(top.shape, printed.shape))
        axis = top.data_axis
        if axis is not None and len(found) == len(mine) > axis:
            mine[axis] = found[axis]
        if found != mine:
            words = f"top {top.name} {dims(printed.shape)}"
            yield Difference(layer.name, words, dims(tuple(mine)), line, layer.location)

    def as_printed(self, shape: Shape, printed: Shape) -> Shape:
        """A shape as the log's Caffe prints it: of four axes before March 2015.

        Engines of some forks' own, as Intel's, still give four to some tops.
        """
        padded = (*shape, *(1,) * (4 - len(shape)))
        if self.without_batch:
            return padded[1:]
        forked = self.age.fork is not None and padded == printed
        return padded if self.four_axes or forked else shape

    def input_bytes(self) -> int | None:
        """Return the memory of the `input:` blobs, which are not layers of the log."""
        names = {layer.name for layer in self.net.layers}
        shapes = [
            top.shape
            for layer in self.layers
            if layer.is_input and layer.name not in names
            for top in layer.tops
        ]
        known = [prod(shape) for shape in shapes if shape is not None]
        return FLOAT * sum(known) if len(known) == len(shapes) else None

    def backward(self) -> Iterator[Difference]:
        """Layers whose backward line says otherwise, by the rule of the log's Caffe."""
        for layer, logged in self.pairs:
            once = self.net.backward_by_layer
            needed = layer.needed_backward if once else layer.needs_backward
            if logged.needs_backward not in {None, needed} and not layer.is_split:
                line = self.net.line_of(logged.line)
                words = ("no backward computation", "backward computation")
                found, mine = words[bool(logged.needs_backward)], words[needed]
                yield Difference(layer.name, f"needs {found}", mine, line, layer.location)

    def notes(self, memory: Judgement) -> Iterator[str]:
        """Yield what was not compared, and why."""
        if self.cut:
            known = sum(not layer.is_split for layer in self.layers)
            layers = sum(not layer.is_split for layer in self.net.layers)
            cut = f"the log cuts the net off after {known} of {layers} layers"
            yield f"{cut}: the rest is not compared"
        if self.net.is_nvcaffe and memory.rule is None:
            yield "this NVCaffe counts memory in a way of its own: it is not compared"
