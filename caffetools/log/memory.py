"""What Caffe's "Memory required for data" counts, by the master that printed it.

It is data alone, never gradients or parameters (net.cpp, Net::Init).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

FLOAT = 4
"""Bytes of a number."""


class Counted(NamedTuple):
    """The tops of one layer."""

    counts: tuple[int, ...]
    """How many numbers each has."""
    blobs: tuple[int, ...]
    """Which blob of the net each is; one in place is its bottom's."""
    is_input: bool = False
    """Does it stand for `input:` blobs, which were no layer before 2016-02-26?"""


class Rule(NamedTuple):
    """One way to count."""

    words: str
    since: date
    until: date


BLOBS = Rule("each blob once", date(2014, 3, 19), date(2014, 8, 8))
INPUTS = Rule("the net's inputs alone", date(2014, 8, 8), date(2014, 8, 25))
TOPS = Rule("every top, those in place and of Splits again", date(2014, 8, 25), date.max)


def size(rule: Rule, layers: Sequence[Counted]) -> int:
    """The bytes of a net by a rule."""
    if rule is INPUTS:
        return FLOAT * sum(count for layer in layers if layer.is_input for count in layer.counts)
    if rule is TOPS:
        return FLOAT * sum(
            count for layer in layers if not layer.is_input for count in layer.counts
        )
    by_blob = {
        blob: count
        for layer in layers
        for count, blob in zip(layer.counts, layer.blobs, strict=True)
    }
    return FLOAT * sum(by_blob.values())
