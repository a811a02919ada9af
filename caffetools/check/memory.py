"""What Caffe's "Memory required for data" counts, by the Caffe that printed it.

It is data alone, never gradients or parameters (net.cpp, Net::Init).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from math import prod
from typing import NamedTuple

from caffetools.log.age import Age
from caffetools.log.logged_net import LoggedLayer, LoggedNet

FLOAT = 4
"""Bytes of a number."""


class Counted(NamedTuple):
    """A top."""

    elements: int
    """How many numbers it has."""
    blob: int
    """Which blob of the net it is; one in place is its bottom's."""


class Rule(NamedTuple):
    """One way to count."""

    words: str
    size: Callable[[Sequence[Counted]], int]
    since: date = date.min
    until: date = date.max


def every_top(tops: Sequence[Counted]) -> int:
    """Return the bytes of every top."""
    return FLOAT * sum(top.elements for top in tops)


def even_tops(tops: Sequence[Counted]) -> int:
    """Return the bytes of every top as NVCaffe counts them, each rounded up to an even count."""
    return FLOAT * sum(top.elements + top.elements % 2 for top in tops)


BLOBS = Rule(
    "each blob once",
    lambda tops: FLOAT * sum({top.blob: top.elements for top in tops}.values()),
    date(2014, 3, 19),
    date(2014, 8, 8),
)
INPUTS = Rule("the net's inputs alone", lambda _: 0, date(2014, 8, 8), date(2014, 8, 25))
TOPS = Rule("every top, those in place and of Splits again", every_top, date(2014, 8, 25))
MASTERS = (BLOBS, INPUTS, TOPS)
NVCAFFES = (
    Rule("every top, rounded up to an even count", even_tops),
    Rule(
        "every top, rounded up to an even count of two bytes each",
        lambda tops: even_tops(tops) // 2,
    ),
)


class Judgement(NamedTuple):
    """How the logged memory agrees with the logged shapes."""

    rule: str | None = None
    """The rule that agrees, if one does."""
    expected: tuple[tuple[str, int], ...] = ()
    """The rules and their results, if none agrees."""


def judge(net: LoggedNet, age: Age, input_bytes: int | None = None) -> Judgement:
    """Hold the memory that the log prints of a net against its shapes.

    `input_bytes` is what its `input:` blobs take, where that is known: they have no layer until
    2016-02-26, and only the Caffe of August 2014 counted them.
    """
    tops = list(counted(net))
    known = sum(top.shape is not None for layer in net.layers for top in layer.tops)
    if net.memory_bytes is None or not tops or known < sum(len(x.tops) for x in net.layers):
        return Judgement()
    rules = NVCAFFES if net.is_nvcaffe else MASTERS
    sizes = {rule.words: rule.size(tops) for rule in rules if _is_possible(rule, age)}
    if INPUTS.words in sizes:
        sizes[INPUTS.words] = -1 if input_bytes is None else input_bytes
    agreeing = [words for words, size in sizes.items() if size == net.memory_bytes]
    return Judgement(agreeing[0]) if agreeing else Judgement(None, tuple(sizes.items()))


def _is_possible(rule: Rule, age: Age) -> bool:
    """Whether the log's Caffe may have used this rule."""
    return (age.first or date.min) <= rule.until and rule.since <= (age.last or date.max)


def counted(net: LoggedNet) -> Iterator[Counted]:
    """The tops of a net as the log tells their shapes."""
    blobs: dict[str | None, int] = {}
    number = 0
    for layer in net.layers:
        for top in layer.tops:
            in_place = layer.in_place and top.name in layer.bottoms and top.name in blobs
            if not in_place:
                blobs[top.name] = number = number + 1
            if top.shape is not None:
                yield Counted(prod(top.shape), blobs[top.name])


def steps(net: LoggedNet) -> Iterator[tuple[LoggedLayer, int, int]]:
    """Yield each layer after which the log prints memory, as Caffe does since October 2015.

    With it, by how many bytes the printed memory grew, and how many its tops take.
    """
    before: int | None = 0
    for layer in net.layers:
        if before is not None and layer.memory_bytes is not None:
            shapes = [top.shape for top in layer.tops if top.shape is not None]
            if len(shapes) == len(layer.tops):
                yield layer, layer.memory_bytes - before, FLOAT * sum(map(prod, shapes))
        before = layer.memory_bytes
