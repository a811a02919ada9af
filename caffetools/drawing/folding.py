"""Find equal blocks that follow each other, and replace them by one vertex of the drawing.

An example are the 35 blocks of a stage of ResNet-152. Blocks are equal if their layers have the
same types, options and connections, and the same spatial sizes; the number of channels may differ
from block to block, as in a DenseNet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterator
from itertools import groupby
from typing import NamedTuple

from caffetools.drawing.diagram import Diagram
from caffetools.net.blocks import Block, Step, repeated_runs
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.proto.message import Message

_MIN_TIMES = 3
"""Minimum number of blocks to fold."""
_MIN_SAVED = 6
"""Minimum number of boxes that folding saves."""

_IDENTITY_FIELDS = {"name", "bottom", "top", "param"}
"""Fields that identify a layer and do not change what it computes."""


class Repeat(NamedTuple):
    """`times` equal blocks of `length` boxes each, from the box `start` on.

    A single block is a namespace: the layers whose names begin with the same `name/`.
    """

    start: int
    length: int
    times: int
    heads: tuple[int, ...] = ()
    """First box of each, of blocks that do not read each other, such as the heads of an SSD."""

    @property
    def end(self) -> int:
        """First box after blocks that follow each other."""
        return self.start + self.length * self.times

    @property
    def blocks(self) -> list[range]:
        """Boxes of each block."""
        starts = self.heads or range(self.start, self.end, self.length)
        return [range(start, start + self.length) for start in starts]


def repeats(net: Net, drawing: Diagram) -> list[Repeat]:
    """Return the repeated blocks of a net from top to bottom, without nesting.

    Each block reads one blob from above it and produces one that is read below it; or it is a head,
    which reads other layers than heads and produces what is read together with theirs.
    """
    found = _heads(net, drawing)
    taken = {box for repeat in found for block in repeat.blocks for box in block}
    candidates: dict[int, list[Repeat]] = defaultdict(list)
    for block in repeated_runs(_steps(net, drawing, _layer_signature), frozenset()):
        if block.entries == len(block.exits) == 1:
            for start in block.starts:
                times = _times(drawing, block, start)
                repeat = Repeat(start, block.length, times)
                is_free = taken.isdisjoint(range(start, repeat.end))
                if times >= _MIN_TIMES and (times - 1) * block.length >= _MIN_SAVED and is_free:
                    candidates[start].append(repeat)
    start = 0
    while start < len(drawing.boxes):
        best = max(
            candidates[start],
            key=lambda repeat: (repeat.end - repeat.start - repeat.length, -repeat.length),
            default=None,
        )
        start = start + 1 if best is None else best.end
        if best is not None:
            found.append(best)
    return sorted(found)


def _heads(net: Net, drawing: Diagram) -> list[Repeat]:
    """Return blocks of the same types that read no other of them, and are read together."""
    writes: dict[int, list[set[int]]] = defaultdict(list)
    for link in drawing.links:
        writes[link.source].append(set(link.readers))
    candidates = list(_parallel_blocks(net, drawing))
    candidates.sort(key=lambda each: (1 - each[0].times) * each[0].length)
    found: list[Repeat] = []
    place = list(range(len(drawing.boxes)))  # of a head: that in the last one
    while candidates:
        best = next((each for each in candidates if _is_read_together(*each, writes, place)), None)
        if best is None:
            break
        found.append(best[0])
        last = best[0].blocks[-1][0]
        taken = {box: last + step for block in best[0].blocks for step, box in enumerate(block)}
        for box, at in taken.items():
            place[box] = at
        candidates = [
            each
            for each in candidates
            if not any(box in taken for block in each[0].blocks for box in block)
        ]
    return found


def _parallel_blocks(net: Net, drawing: Diagram) -> Iterator[tuple[Repeat, Block]]:
    """Yield blocks of the same types that do not read each other; any may read data layers."""
    sources: dict[int, set[int]] = defaultdict(set)
    for link in drawing.links:
        for reader in link.readers:
            sources[reader].add(link.source)
    data = [box for box in range(len(drawing.boxes)) if not sources[box]]
    steps = _steps(net, drawing, lambda layer: layer.node.type, data)
    for block in repeated_runs(steps, frozenset()):
        starts: list[int] = []
        for start in block.starts:
            if not starts or start >= starts[-1] + block.length:
                starts.append(start)
        if len(starts) < _MIN_TIMES or (len(starts) - 1) * block.length < _MIN_SAVED:
            continue
        inside = {box for start in starts for box in block.window(start)}
        reads = [sources[box] - set(block.window(s)) for s in starts for box in block.window(s)]
        if all(inside.isdisjoint(each) for each in reads):
            yield Repeat(starts[0], block.length, len(starts), tuple(starts)), block


def _is_read_together(
    heads: Repeat, block: Block, writes: dict[int, list[set[int]]], place: list[int]
) -> bool:
    """Return whether the same boxes, or those of other heads, read what leaves each head."""
    for step, index in block.exits:
        readers = {
            frozenset(place[box] for box in writes[start + step][index] - set(block.window(start)))
            for start in heads.heads
        }
        if len(readers) > 1 or min(map(min, readers)) <= heads.heads[-1]:
            return False
    return True


def namespaces(net: Net, drawing: Diagram) -> list[Repeat]:
    """Return the runs of layers whose names begin with the same `name/`, as single blocks."""
    keys = [net.known_layers[box.layers[0]].node.key for box in drawing.boxes]
    runs = groupby(range(len(keys)), lambda box: keys[box].rpartition("/")[0].split("/")[0])
    found = [(name, list(boxes)) for name, boxes in runs]
    return [Repeat(boxes[0], len(boxes), 1) for name, boxes in found if name and len(boxes) > 2]


def _times(drawing: Diagram, block: Block, start: int) -> int:
    """Return how often a block follows itself, each one read by the next one alone."""
    ((leaving, index),) = block.exits
    times, starts = 1, frozenset(block.starts)
    while (end := start + times * block.length) in starts:
        box = end - block.length + leaving
        link = [link for link in drawing.links if link.source == box][index]
        if link.readers[-1] >= end + block.length:
            break
        times += 1
    return times


def _steps(
    net: Net,
    drawing: Diagram,
    signature: Callable[[InferredLayer], Hashable],
    apart: Collection[int] = (),
) -> list[Step]:
    """Return the boxes as steps, their links as values, without those of the boxes `apart`."""
    reads: dict[int, list[int]] = defaultdict(list)
    writes: dict[int, list[int]] = defaultdict(list)
    for index, link in enumerate(drawing.links):
        writes[link.source].append(index)
        for reader in link.readers if link.source not in apart else ():
            reads[reader].append(index)
    return [
        Step(
            (
                tuple(signature(net.known_layers[layer]) for layer in inside.layers),
                tuple(drawing.links[link].is_output for link in writes[box]),
            ),
            tuple(reads[box]),
            tuple(writes[box]),
        )
        for box, inside in enumerate(drawing.boxes)
    ]


def _layer_signature(layer: InferredLayer) -> Hashable:
    sizes = tuple(shape[2:] if shape else shape for shape in (*layer.bottoms, *layer.tops))
    owners = tuple(blob.owner for blob in layer.params)
    return layer.node.type, sizes, owners, _options(layer.node.message)


def _options(message: Message) -> Hashable:
    return tuple(
        (name, tuple(_options(v) if isinstance(v, Message) else v for v in message.all(name)))
        for name in sorted(message.fields)
        if name not in _IDENTITY_FIELDS
    )
