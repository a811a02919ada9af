"""A net recomputed, held against what the log prints of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import prod
from typing import NamedTuple

from caffetools.errors import CaffeToolsError, Location
from caffetools.layers.base import Shape, dims
from caffetools.log.age import Age
from caffetools.log.memory import BLOBS, INPUTS, TOPS, Counted, Rule, size
from caffetools.log.net import LoggedLayer, LoggedNet, LoggedTop
from caffetools.log.net_draft import UNNAMED
from caffetools.log.recompute import RecomputedLayer, RecomputedTop, recompute_echo, recompute_file

DATA_AXES = {("AnnotatedData", 1): 2}
"""The axes that data alone decide, by layer type and top: how many boxes a batch has."""


class Difference(NamedTuple):
    """Where the log and the prototxt part."""

    layer: str
    logged: str
    """What the log prints."""
    recomputed: str
    """What the prototxt gives."""
    log_line: int
    location: Location | None
    """Where the layer stands in the prototxt."""

    def __str__(self) -> str:
        place = f" ({self.location})" if self.location else ""
        told = f"{self.logged} in the log, {self.recomputed}"
        return f"line {self.log_line}: {self.layer}: {told}{place}"


@dataclass(frozen=True)
class Comparison:
    """How a net of the log agrees with its prototxt."""

    differences: tuple[Difference, ...] = ()
    unknown_layers: tuple[str, ...] = ()
    """Those whose type nobody knows: the log's shapes were taken for theirs."""
    types: tuple[tuple[str, str], ...] = ()
    """The type of each layer."""
    memory_rule: str | None = None
    """How the log's Caffe counts memory, where that agrees."""
    notes: tuple[str, ...] = ()


def compare_echo(net: LoggedNet, name: str, age: Age) -> Comparison:
    """The net that a log echoes, recomputed; `name` is the log's."""
    assert net.echo
    try:
        layers = recompute_echo(net, name)
    except CaffeToolsError as error:
        return Comparison(notes=(f"the net that is echoed cannot be recomputed: {error.message}",))
    return _Comparing(net, layers, age, net.echo.cut).result()


def compare_file(net: LoggedNet, path: str, age: Age) -> Comparison:
    """A net of a prototxt, recomputed in the phase of the log's.

    Raises CaffeToolsError for a file that holds no net.
    """
    return _Comparing(net, recompute_file(net, path), age, cut=False).result()


class _Comparing:
    def __init__(
        self, net: LoggedNet, layers: Sequence[RecomputedLayer], age: Age, cut: bool
    ) -> None:
        self.net = net
        self.layers = layers
        self.age = age
        self.cut = cut
        """Does the prototxt end before the net does?"""
        self.pairs = list(self.matched())
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
        differences = [*self.missing(), *self.refused(), *self.tops()]
        rule, of_memory = self.memory()
        differences += of_memory
        if not unknown and not self.cut:
            differences += self.backward()
        return Comparison(
            differences=tuple(sorted(differences, key=lambda difference: difference.log_line)),
            unknown_layers=tuple(unknown),
            types=tuple((layer.name, layer.type) for layer in self.layers),
            memory_rule=rule,
            notes=tuple(self.notes()),
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
            if layer.name not in found and not layer.is_split and layer.type != "Input":
                line = self.net.line
                yield Difference(layer.name, "no such layer", layer.type, line, layer.location)

    def refused(self) -> Iterator[Difference]:
        """Layers that the log shows working and Caffe of today refuses."""
        for layer, logged in self.pairs:
            if layer.refusal is not None and layer.is_known:
                line = self.net.line_of(logged.line)
                told = f"refused: {layer.refusal}"
                yield Difference(layer.name, "a layer that works", told, line, layer.location)

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
        if printed.shape is None:
            return
        shape = layer.tops[index].shape
        line = self.net.line_of(printed.line)
        what = f"top {layer.tops[index].name}"
        if printed.elements is not None and prod(printed.shape) != printed.elements:
            found = f"{what} {dims(printed.shape)}"
            said = f"but the log itself counts {printed.elements} elements"
            yield Difference(layer.name, found, said, line, layer.location)
        elif shape is not None:
            axis = DATA_AXES.get((layer.type, index), len(shape))
            mine = self.as_printed(shape, printed.shape)
            if mine[:axis] + mine[axis + 1 :] != printed.shape[:axis] + printed.shape[axis + 1 :]:
                found = f"{what} {dims(printed.shape)}"
                yield Difference(layer.name, found, dims(mine), line, layer.location)

    def as_printed(self, shape: Shape, printed: Shape) -> Shape:
        """A shape as the log's Caffe prints it: of four axes before March 2015.

        Engines of some forks' own, as Intel's, still give four to some tops.
        """
        padded = (*shape, *(1,) * (4 - len(shape)))
        if self.without_batch:
            return padded[1:]
        forked = self.age.fork is not None and padded == printed
        return padded if self.four_axes or forked else shape

    def memory(self) -> tuple[str | None, list[Difference]]:
        """By which rule the log counts memory, and the difference where it is by none of its age.

        A fork's is not judged where it agrees with no rule: it may count in a way of its own.
        """
        printed = self.net.memory_bytes
        counted = list(self.counted())
        if printed is None or len(counted) < len(self.layers) or self.cut:
            return None, []
        rules = [rule for rule in (BLOBS, INPUTS, TOPS) if self.is_possible(rule)]
        sizes = {rule.words: size(rule, counted) for rule in rules}
        agreeing = [words for words, bytes_ in sizes.items() if bytes_ == printed]
        if agreeing:
            return agreeing[0], []
        if self.age.first is None or self.net.is_nvcaffe or not sizes:
            return None, []
        words, bytes_ = min(sizes.items(), key=lambda item: abs(item[1] - printed))
        line = self.net.line_of(self.net.memory_line)
        told = f"{bytes_:,} bytes ({words})"
        return None, [Difference("memory", f"{printed:,} bytes", told, line, None)]

    def is_possible(self, rule: Rule) -> bool:
        """May the log's Caffe have counted so?"""
        first, last = self.age.first or date.min, self.age.last or date.max
        return first <= rule.until and rule.since <= last

    def counted(self) -> Iterator[Counted]:
        """The layers all of whose shapes are known, as memory is counted."""
        names = {layer.name for layer in self.net.layers}
        printed = {recomputed.name: layer for recomputed, layer in self.pairs}
        for layer in self.layers:
            logged = printed.get(layer.name)
            tops = self.tops_of(layer, logged)
            shapes = [top.shape for top in tops]
            if logged is not None:
                told = [top.shape for top in logged.tops]
                shapes = [theirs or mine for mine, theirs in zip(shapes, told, strict=False)]
            counts = tuple(prod(shape) for shape in shapes if shape is not None)
            if len(counts) == len(tops):
                blobs = tuple(top.blob for top in tops)
                yield Counted(counts, blobs, layer.type == "Input" and layer.name not in names)

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

    def notes(self) -> Iterator[str]:
        """What was not compared, and why."""
        if self.cut:
            yield "the log cut the net off: its first layers alone were compared, memory was not"
        if self.net.is_nvcaffe:
            yield "NVCaffe counts memory in its own way"
