"""Compare a recomputed net with what the log prints of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import prod

from caffetools.check.consistency import Difference, memory_differences, wrong_counts
from caffetools.check.memory import FLOAT, Judgement, judge
from caffetools.check.printed import Printed
from caffetools.check.recompute import (
    Recomputed,
    RecomputedLayer,
    RecomputedTop,
    recompute_echo,
    recompute_file,
)
from caffetools.errors import CaffeToolsError
from caffetools.layers.blobs import dims
from caffetools.log.age import Age
from caffetools.log.collector import LogContents
from caffetools.log.logged_net import UNNAMED, LoggedLayer, LoggedNet, LoggedTop
from caffetools.net.reading import LoadedNet


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
        layers = recompute_echo(net, name, age, {} if known is None else known)
    except CaffeToolsError as error:
        return Comparison(notes=(f"cannot recompute the echoed net: {error.message}",))
    return _Comparing(net, layers, age, net.echo.cut).result()


def compare_file(net: LoggedNet, loaded: LoadedNet, name: str, age: Age) -> Comparison:
    """Compare a net of the log `name` with the net of a file.

    Only where the net that the log echoes shows it, the log's Caffe is assumed to divide the batch,
    and its forks' layers to differ.
    """
    own: Sequence[RecomputedLayer] = ()
    if net.echo:
        with suppress(CaffeToolsError):
            own = recompute_echo(net, name, age, {})
    parts = _Comparing(net, own, age, cut=True).parts
    layers = recompute_file(net, loaded, age, [layer.name for layer in own if layer.fork])
    return _Comparing(net, layers, age, cut=False, parts=parts).result()


def compare_printed(net: LoggedNet, age: Age) -> Comparison:
    """A net that the log does not echo: its shapes, their counts and memory against each other."""
    memory = judge(net, age)
    differences = (*wrong_counts(net), *memory_differences(net, age, memory))
    return Comparison(differences, memory_rule=memory.rule)


class _Comparing:
    def __init__(
        self,
        net: LoggedNet,
        layers: Sequence[RecomputedLayer],
        age: Age,
        cut: bool,
        parts: int | None = None,
    ) -> None:
        self.net = net
        self.layers = layers
        self.age = age
        self.cut = cut
        """Whether the prototxt is truncated."""
        self.pairs = list(self.matched())
        self.lines = {layer.name: layer.line for layer in net.layers}
        self.printed = Printed(net, age)
        self.parts = self.divisor() if parts is None else parts
        """How many processes or GPUs share the batch of the prototxt."""

    def divisor(self) -> int:
        """Return by what all data layers' batches are divided, 1 unless they are."""
        ratios: set[int] = set()
        for layer, logged in self.pairs:
            own, found = layer.batch, logged.tops[0].shape if logged.tops else None
            if own and found and found[0] and not self.printed.without_batch:
                ratio = own // found[0]
                ratios.add(ratio if ratio and own // ratio == found[0] else 1)
        return ratios.pop() if len(ratios) == 1 else 1

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
        shape = top.shape
        if self.parts > 1 and shape[:1] == (layer.batch,):
            shape = (shape[0] // self.parts, *shape[1:])
        mine = self.printed.expected(shape, printed.shape, top.open_axes)
        if printed.shape != mine:
            words = f"top {top.name} {dims(printed.shape)}"
            meaning = f"; {layer.meaning}" if layer.meaning and index == 0 else ""
            yield Difference(layer.name, words, dims(mine) + meaning, line, layer.location)

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
        if self.parts > 1:
            batches = dict.fromkeys(layer.batch for layer, _ in self.pairs if layer.batch)
            words = ", ".join(f"batch {batch} over {self.parts}" for batch in batches)
            yield f"{words}: this fork divides it among processes or GPUs"
        forked: dict[str, list[RecomputedLayer]] = {}
        for layer in self.layers:
            if layer.fork:
                forked.setdefault(layer.type, []).append(layer)
        for name, (first, *others) in forked.items():
            more = f", and in {len(others)} other layers" if others else ""
            yield f"this fork's {name} differs: {first.name}: {first.fork}{more}"
        if self.net.is_nvcaffe and memory.rule is None:
            yield "this NVCaffe counts memory in a way of its own: it is not compared"
