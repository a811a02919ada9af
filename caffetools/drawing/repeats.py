"""Equal blocks that follow each other, such as the 35 of a stage of ResNet-152.

Blocks are equal if their layers have the same types and options, read each other in the same way,
and see the same spatial extents; channels may grow from block to block, as in a DenseNet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from caffetools.drawing.diagram import Diagram
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.proto.message import Message

_LONGEST = 64
"""Boxes of a block at most."""
_FEWEST = 3
"""Blocks that are worth folding."""
_LEAST_SAVED = 6
"""Boxes that folding has to save."""

_OWN = {"name", "bottom", "top", "param"}
"""Fields of a layer that say which one it is, not what it does."""


class Repeat(NamedTuple):
    """`times` equal blocks of `length` boxes each, from the box `start` on."""

    start: int
    length: int
    times: int

    @property
    def end(self) -> int:
        """The first box after them."""
        return self.start + self.length * self.times


def folds(net: Net, drawing: Diagram) -> list[Repeat]:
    """The repeated blocks of a net, from top to bottom; none lies within another.

    Each block reads one blob of what stands above it and gives one to what stands below.
    """
    signs = _signatures(net, drawing)
    open_links = _open_links(drawing)
    found = []
    start = 0
    while start < len(signs):
        best = max(
            (
                fold
                for length in range(1, min(_LONGEST, (len(signs) - start) // _FEWEST) + 1)
                if (fold := _fold_at(signs, open_links, drawing, start, length)) is not None
            ),
            key=lambda fold: (fold.end - fold.start - fold.length, -fold.length),
            default=None,
        )
        if best is None:
            start += 1
        else:
            found.append(best)
            start = best.end
    return found


def _fold_at(
    signs: Sequence[int], open_links: list[int], drawing: Diagram, start: int, length: int
) -> Repeat | None:
    """The blocks of a length from `start` on, if they are worth it."""
    end = start
    while end + length < len(signs) and signs[end] == signs[end + length]:
        end += 1
    times = (end - start) // length + 1
    while _is_worth_it(length, times):
        fold = Repeat(start, length, times)
        bounds = range(start, fold.end + 1, length)
        entering, passing = _from_above(drawing, fold)
        closed = [place for place in bounds[1:] if open_links[place] - passing > 1]
        if not closed:
            return fold if entering == 1 else None
        times = min(times - 1, (closed[0] - start) // length)
    return None


def _from_above(drawing: Diagram, fold: Repeat) -> tuple[int, int]:
    """How many blobs from above the first block reads, and how many lead on below the last."""
    entering = passing = 0
    for link in drawing.links:
        if link.source < fold.start and link.readers and link.readers[-1] >= fold.start:
            first = fold.start + fold.length
            entering += any(fold.start <= reader < first for reader in link.readers)
            inside = any(first <= reader < fold.end for reader in link.readers)
            passing += link.readers[-1] >= fold.end and not inside
    return entering, passing


def _is_worth_it(length: int, count: int) -> bool:
    return count >= _FEWEST and (count - 1) * length >= _LEAST_SAVED


def _open_links(drawing: Diagram) -> list[int]:
    """How many blobs pass each place between two boxes, the first place above all of them.

    A blob that no layer reads passes none.
    """
    change = [0] * (len(drawing.boxes) + 2)
    for link in drawing.links:
        if link.readers:
            change[link.source + 1] += 1
            change[link.readers[-1] + 1] -= 1
    total = 0
    return [total := total + step for step in change[:-1]]


def _signatures(net: Net, drawing: Diagram) -> list[int]:
    """A number for each box, equal where boxes are."""
    reads: dict[int, list[tuple[int, int]]] = defaultdict(list)
    ports: dict[int, int] = defaultdict(int)
    outputs: dict[int, list[bool]] = defaultdict(list)
    for link in drawing.links:
        outputs[link.source].append(link.is_output)
        for reader in link.readers:
            reads[reader].append((reader - link.source, ports[link.source]))
        ports[link.source] += 1
    numbers: dict[Hashable, int] = {}
    signs = []
    for index, box in enumerate(drawing.boxes):
        layers = tuple(_sign(net.layers[layer]) for layer in box.layers)
        sign = (layers, tuple(sorted(reads[index])), tuple(outputs[index]))
        signs.append(numbers.setdefault(sign, len(numbers)))
    return signs


def _sign(layer: InferredLayer) -> Hashable:
    extents = tuple(shape[2:] if shape else shape for shape in (*layer.bottoms, *layer.tops))
    shared = tuple(blob.owner for blob in layer.params)
    return layer.node.type, extents, shared, _options(layer.node.message)


def _options(message: Message) -> Hashable:
    return tuple(
        (name, tuple(_options(v) if isinstance(v, Message) else v for v in message.all(name)))
        for name in sorted(message.fields)
        if name not in _OWN
    )
